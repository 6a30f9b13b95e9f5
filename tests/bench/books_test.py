"""The ledger's arithmetic: what balances, and each way in which it must not."""
import unittest

from books import VoidRun, balance, check_generator, hook_bits


def bits(*numbers):
    return sum(1 << number for number in numbers)


class Balance(unittest.TestCase):
    def test_all_delivered(self):
        self.assertEqual(balance(bits(0, 1, 5), 0, bits(0, 1, 5), 8), {"missing": 0, "unsure_delivered": 0})

    def test_one_missing_voids(self):
        with self.assertRaisesRegex(VoidRun, "1 deliveries missing"):
            balance(bits(0, 1, 5), 0, bits(0, 5), 8)

    def test_one_not_asked_for_voids(self):
        with self.assertRaisesRegex(VoidRun, "1 deliveries of events that were not accepted"):
            balance(bits(0, 1), 0, bits(0, 1, 2), 8)

    def test_unsure_events_may_come_or_not(self):
        self.assertEqual(balance(bits(0), bits(1, 2), bits(0, 2), 8)["unsure_delivered"], 1)

    def test_known_waiting_deliveries_are_no_loss(self):
        self.assertEqual(balance(bits(0, 1, 2), 0, bits(0), 8, waiting=2)["missing"], 2)

    def test_more_waiting_than_missing_voids(self):
        with self.assertRaises(VoidRun):
            balance(bits(0, 1, 2), 0, bits(0, 1), 8, waiting=2)

    def test_every_hook_counts(self):
        received = bits(0, 1) | bits(0, 1) << 8
        self.assertEqual(balance(bits(0, 1), 0, received, 8, hooks=2)["missing"], 0)
        with self.assertRaisesRegex(VoidRun, "2 deliveries missing"):
            balance(bits(0, 1), 0, received, 8, hooks=3)

    def test_a_hook_past_the_last_voids(self):
        with self.assertRaises(VoidRun):
            balance(bits(0), 0, bits(0) | bits(0) << 8, 8)

    def test_hook_bits(self):
        self.assertEqual(hook_bits(bits(1) | bits(3) << 10, 1, 10), bits(3))


class Generator(unittest.TestCase):
    RESULT = {"sent": 10, "accepted": 10, "refused": 0, "unsure": 0, "first_refusal": ""}

    def test_all_accepted(self):
        check_generator(self.RESULT)

    def test_unsure_is_an_answer_of_its_own(self):
        check_generator(self.RESULT | {"accepted": 9, "unsure": 1})

    def test_an_event_that_is_nowhere_voids(self):
        with self.assertRaisesRegex(VoidRun, "do not balance"):
            check_generator(self.RESULT | {"accepted": 9})

    def test_refusals_void(self):
        with self.assertRaisesRegex(VoidRun, "1 of 10 events refused: 503 full"):
            check_generator(self.RESULT | {"accepted": 9, "refused": 1, "first_refusal": "503 full"})


if __name__ == "__main__":
    unittest.main()

"""Clients that post without a pause, and keep an exact account of what they were answered."""
import http.client
import threading
from collections import Counter

from waiting import wait_until

PAUSE_S = 0.05  # after a refusal


class Load:
    """Each event is posted with a dedup id until it is accepted, so that at the end every one of them has an id."""

    def __init__(self, organization, clients=8):
        self.organization = organization
        self.lock = threading.Lock()
        self.ids = {}            # name -> event id
        self.statuses = Counter()
        self.refusals = []       # answers that were neither 200 nor 202
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.post_all, args=(number,), daemon=True) for number in range(clients)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def post_all(self, client_number):
        number = 0
        with self.organization.new_client() as client:
            while not self.stopping.is_set():
                self.post(client, f"{client_number}-{number}")
                number += 1

    def post(self, client, name):
        while True:
            try:
                answer = client.publish("load", {"name": name}, dedup_id=name)
            except (OSError, http.client.HTTPException):
                answer = None
            if self.note(name, answer):
                return
            self.stopping.wait(PAUSE_S)

    def note(self, name, answer):
        """True when it was accepted."""
        with self.lock:
            self.statuses[answer.status if answer else None] += 1
            is_accepted = answer is not None and answer.status in (200, 202)
            if is_accepted:
                self.ids[name] = answer.json["id"]
            elif answer is not None:
                self.refusals.append(answer)
            return is_accepted

    def wait_accepted(self, more):
        goal = len(self.ids) + more
        wait_until(lambda: len(self.ids) >= goal, f"{more} accepted events", 60)

    def wait_refused(self, more):
        goal = len(self.refusals) + more
        wait_until(lambda: len(self.refusals) >= goal, f"{more} refused events", 60)

"""Things of an organization that a path's {id} may name, made when they are asked for."""
from api_keys import sha256
from waiting import wait_until


class Resources:
    def __init__(self, stack, organization, asks_as="organization"):
        self.stack = stack
        self.organization = organization
        self.asks_as = asks_as
        self.receiver = None
        self.words = {organization.id}  # that stand in the names of its keys in Redis

    def new(self, resource):
        """-> its id"""
        id = getattr(self, "new_" + resource)()
        self.words.add(id)
        return id

    def new_endpoints(self):
        return self.organization.new_endpoint("http://127.0.0.1:1/", "nothing")["id"]

    def new_keys(self):
        key = self.organization.new_key(["keys:write"])
        self.words.add(sha256(key["key"]))
        return key["id"]

    def new_organizations(self):
        return self.stack.new_organization().id

    def new_events(self):
        return self.organization.publish("made.for.test", 1)

    def new_jobs(self):
        return self.organization.client.post(f"/api/endpoints/{self.new_endpoints()}/replay", {}).json["job"]

    def new_deliveries(self):
        """Delivered."""
        return self.new_delivery(200, "delivered")

    def new_dlq(self):
        """A dead letter has the id of its delivery."""
        return self.new_delivery(500, "failed")

    def new_delivery(self, answered, status):
        name = f"/{answered}"
        if not self.receiver:
            self.receiver = self.stack.new_receiver()
        self.receiver.script(name, answered)
        endpoint = self.organization.new_endpoint(self.receiver.url(name), f"made.{answered}", retry_schedule=["1ms"])["id"]
        event = self.organization.publish(f"made.{answered}", 1)
        id = "dlv_" + event.removeprefix("evt_") + endpoint.removeprefix("ep_")
        self.words.update((endpoint, event))
        client = self.organization.client
        wait_until(lambda: client.get("/api/deliveries/" + id).json.get("status") == status, f"{id} being {status}")
        return id

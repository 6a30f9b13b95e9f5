"""Things of an organization that a path's {id} may name, made when they are asked for."""
from api_keys import sha256


class Resources:
    def __init__(self, stack, organization, asks_as="organization"):
        self.stack = stack
        self.organization = organization
        self.asks_as = asks_as
        self.words = {organization.id}  # that stand in the names of its keys in Redis

    def new(self, resource):
        """-> its id"""
        id = getattr(self, "new_" + resource)()
        self.words.add(id)
        return id

    def new_endpoints(self):
        return self.organization.new_endpoint("http://127.0.0.1:1/", "nothing")["id"]

    def new_keys(self):
        key = self.organization.new_key()
        self.words.add(sha256(key["key"]))
        return key["id"]

    def new_organizations(self):
        return self.stack.new_organization().id

    def new_events(self):
        return self.organization.publish("made.for.test", 1)

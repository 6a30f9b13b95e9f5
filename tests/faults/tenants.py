"""Organizations and endpoints of a run, and who wants what."""

from dataclasses import dataclass, field

import events

ENDPOINTS = 5


@dataclass
class Endpoint:
    id: str
    path: str
    types: tuple
    must_fail: bool = False  # its receiver never says 2xx: its deliveries belong among the dead letters

    def wants(self, event):
        return "order.*" in self.types or event.type in self.types


@dataclass
class Tenant:
    id: str
    key: str
    endpoints: list = field(default_factory=list)


def create(cluster, receiver, tenants=4):
    """Of five endpoints, four want a type each and one wants all: 1.8 deliveries for each event."""
    return [create_one(cluster, receiver, f"tenant-{index}") for index in range(tenants)]


def create_one(cluster, receiver, name):
    tenant = create_empty(cluster, name)
    for index in range(ENDPOINTS):
        types = ("order.*",) if index == ENDPOINTS - 1 else (f"order.t{index}",)
        add_endpoint(cluster, receiver, tenant, f"/ok/{name}/{index}", types)
    return tenant


def create_empty(cluster, name):
    organization = cluster.post("/api/organizations", {"name": name})["id"]
    key = cluster.post("/api/keys", {"name": name, "scopes": ["*"], "organization": organization})["key"]
    return Tenant(organization, key)


def add_endpoint(cluster, receiver, tenant, path, types, must_fail=False, **more):
    body = {"url": receiver.url(path), "event_types": list(types)} | more
    endpoint = Endpoint(cluster.post("/api/endpoints", body, tenant.key)["id"], path, tuple(types), must_fail)
    tenant.endpoints.append(endpoint)
    return endpoint


class Wants:
    """Which endpoints an event must reach."""

    def __init__(self, tenants, padding):
        self.tenants, self.padding = tenants, padding
        self.by_path = {endpoint.path: endpoint for tenant in tenants for endpoint in tenant.endpoints}

    def event(self, value):
        return events.of_value(value, len(self.tenants), self.padding)

    def endpoints(self, event):
        return [endpoint for endpoint in self.tenants[event.org].endpoints if endpoint.wants(event)]

#include "setting_names.h"

#include <stddef.h>

const char *const setting_names[] = {
    /* all services */
    "env", "redis_url", "admin_listen", "workers", "partitions", "lease", "drain_grace", "log_level", "log_format", "secret_key",
    /* ingest */
    "listen", "admin_token", "durability", "dedup_window", "max_depth", "max_body", "max_connections", "max_connections_per_ip",
    /* processor */
    "intake_events", "intake_bytes", "max_claims", "inline_body", "cache_ttl", "cache_max", "retention",
    /* dispatcher */
    "retry_schedule", "connect_timeout", "response_timeout", "total_timeout", "max_in_flight", "max_in_flight_per_endpoint",
    "snooze_max", "snooze_limit", "response_keep", "response_max", "allow_targets", "ca_file",
    /* the command line */
    "url", "api_key", "json", "dedup_id", "key", "delay", "count", "port", "host", "secret", "status", "type", "since",
    "data", "limit", "admin",
    NULL,
};

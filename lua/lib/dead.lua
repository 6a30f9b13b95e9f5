-- A dead letter, and its place among those of its organization: the stream mr:{p}:dlq:<org> has
-- entries with the same ids. Returns the id.
local function bury(dlq, dlq_prefix, event, endpoint, org, err, attempts, status, response,
                    history, trace, request, now)
    local letter = call('XADD', dlq, '*', 'event', event, 'endpoint', endpoint, 'org', org,
        'reason', string.match(err, '^%S*'), 'attempts', attempts, 'status', status,
        'response', response, 'first_at', history:match('%d+') or now,
        'last_at', history:match('(%d+)[-:][%d:]*$') or now, 'history', history, 'trace', trace,
        'request', request)
    -- pcall: what cannot be listed must not stop, half-way, what is settled.
    redis.pcall('XADD', dlq_prefix .. org, letter, 'delivery', delivery_id(event, endpoint))
    return letter
end

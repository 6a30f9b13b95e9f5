-- Of settle.lua, by its names: a delivery of which an attempt was made, or that is given up.

-- One that was delivered and answered with a status alone.
local function settle_told(event, endpoint, attempt, status, duration, history)
    write_hash(record_prefix .. event, endpoint, 'delivered ' .. attempt .. ' ' .. status .. ' '
        .. now .. ' ' .. longer(history, told_item(now, attempt, status, duration)))
    is_failing(endpoint, 'delivered', duration)
    return 'settled'
end

local function settle_attempted(event, endpoint, attempt, status, duration, history, org, snoozes,
                                trace, request, _, outcome, err, response, delay)
    local reason, state, made = WAITS[outcome], 'delivered ', attempt
    if duration ~= '' then
        history = add_attempt(attempts, history, event, endpoint, org, attempt, outcome, status,
                              err, duration, response)
    else
        made = digits(attempt - 1)
    end
    if reason then
        local until_ms = digits(now + delay)
        state = waiting_state(reason, until_ms, outcome == 'retry' and one_more(made) or attempt,
            outcome == 'snooze' and one_more(snoozes) or snoozes, origin_of(org, trace, request),
            '')
        wait_until(until_ms, reason, event, endpoint)
    elseif outcome == 'dead' then
        state = 'dead ' .. bury(dlq, dlq_prefix, event, endpoint, org, err, made, status,
                                response, history, trace, request, now) .. ' '
    end
    write_hash(record_prefix .. event, endpoint, state .. made .. ' ' .. status .. ' ' .. now
        .. (history == '' and '' or ' ' .. history))
    if COUNTED[outcome] then
        count(org, COUNTED[outcome], 1)
    end
    return is_failing(endpoint, outcome, duration) and 'failing' or 'settled'
end

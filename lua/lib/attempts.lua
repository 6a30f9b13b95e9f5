-- Redis takes long to write a number of Lua's, and most of a batch have the same.
local successors = {}

local function one_more(number)
    successors[number] = successors[number] or digits(number + 1)
    return successors[number]
end

-- A history has an item for each attempt made, with commas between: the id of its entry of the
-- attempts; or, of one that succeeded and was answered with a status and no text, all there is to
-- say, "<ms>:<attempt>:<status>:<duration_ms>", without such an entry: the most frequent end of all
-- would cost a tenth of an event's whole way. When replays have made it long, the oldest are left
-- out.
local HISTORY_MAX = 2000

local function longer(history, item)
    if #history > HISTORY_MAX then
        history = string.match(history, ',(.*)$', -HISTORY_MAX) or ''
    end
    return history == '' and item or history .. ',' .. item
end

local function append_attempt(stream, event, endpoint, org, attempt, outcome, status, duration, ...)
    return call('XADD', stream, '*', 'event', event, 'endpoint', endpoint, 'org', org,
        'attempt', attempt, 'outcome', outcome, 'status', status, 'duration_ms', duration, ...)
end

-- Returns the history with one more attempt. Its entry is without the fields in which it has
-- nothing to say. Of two words of err the last is its own.
local function add_attempt(stream, history, now, event, endpoint, org, attempt, outcome, status,
                           err, duration, response)
    local word = outcome == 'dead' and string.match(err, '%S+$') or err
    local item
    if word == '' and response == '' and outcome == 'delivered' then
        item = now .. ':' .. attempt .. ':' .. status .. ':' .. duration
    elseif word == '' and response == '' then
        item = append_attempt(stream, event, endpoint, org, attempt, outcome, status, duration)
    elseif word == '' then
        item = append_attempt(stream, event, endpoint, org, attempt, outcome, status, duration,
                              'response', response)
    elseif response == '' then
        item = append_attempt(stream, event, endpoint, org, attempt, outcome, status, duration,
                              'error', word)
    else
        item = append_attempt(stream, event, endpoint, org, attempt, outcome, status, duration,
                              'error', word, 'response', response)
    end
    return longer(history, item)
end

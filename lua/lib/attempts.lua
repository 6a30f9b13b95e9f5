-- Redis takes long to write a number of Lua's, and most of a batch have the same.
local successors = {}

local function one_more(number)
    successors[number] = successors[number] or digits(number + 1)
    return successors[number]
end

-- A history has an item for each attempt made, with commas between: the id of its entry of the
-- attempts; or, of one that succeeded and was answered with a status alone, all there is to say:
-- "<ms>:<attempt>:<status>:<duration_ms>". An entry for the most frequent end of all would cost a
-- tenth of an event's whole way. When replays have made it long, the oldest are left out.
local HISTORY_MAX = 2000

local function longer(history, item)
    if #history > HISTORY_MAX then
        history = string.match(history, ',(.*)$', -HISTORY_MAX) or ''
    end
    return history == '' and item or history .. ',' .. item
end

local function told_item(now, attempt, status, duration)
    return now .. ':' .. attempt .. ':' .. status .. ':' .. duration
end

local function append_attempt(stream, event, endpoint, org, attempt, outcome, status, duration, ...)
    return call('XADD', stream, '*', 'event', event, 'endpoint', endpoint, 'org', org,
        'attempt', attempt, 'outcome', outcome, 'status', status, 'duration_ms', duration, ...)
end

-- An entry of the attempts, without the fields in which it has nothing to say. Returns the history
-- with it. Of two words of err the last is its own.
local function add_attempt(stream, history, event, endpoint, org, attempt, outcome, status, err,
                           duration, response)
    local word = outcome == 'dead' and string.match(err, '%S+$') or err
    local id
    if word == '' then
        id = append_attempt(stream, event, endpoint, org, attempt, outcome, status, duration,
                            'response', response)
    elseif response == '' then
        id = append_attempt(stream, event, endpoint, org, attempt, outcome, status, duration,
                            'error', word)
    else
        id = append_attempt(stream, event, endpoint, org, attempt, outcome, status, duration,
                            'error', word, 'response', response)
    end
    return longer(history, id)
end

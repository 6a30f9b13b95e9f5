#!lua flags=allow-oom
-- job_forget.lua - an organization is forgotten, a step of it: whatever is its own goes, in phases
--
-- KEYS    1 to 4 as lib/job, 5 events stream, 6 attempts stream, 7 dead letters stream, 8 due zset,
--         9 waiting hash, 10 cursors hash, 11 failing hash, and prefixes with the same tag:
--         12 mr:{p}:event:  13 mr:{p}:history:  14 mr:{p}:lane:  15 mr:{p}:endpoint:
--         16 mr:{p}:job:  17 mr:{p}:dedup:  18 mr:{p}:rate:  19 mr:{p}:events:
--         20 mr:{p}:endpoints:  21 mr:{p}:gone:  22 mr:{p}:keys:  23 mr:{p}:turn:
--         24 mr:{p}:stats, a hash; then prefixes of its other keys
-- ARGV    as lib/job; 4 organization: its record is gone, and so may be the job
-- RETURNS as lib/job; or what the processor is to do about keys that are in another slot, ms, the
--         organization, and
--         keys <member of mr:{p}:keys:<org>> …   they go, then the members
--         endpoints <id> …                       it is to be announced that they are gone
--         organization                           it goes; then the job is told so
--
-- A job begins 2 s after it was made, when no process takes anything from the organization.
local call = redis.call
--@include clock
--@include waiting
--@include wait
--@include group
--@include event_id
--@include entries
--@include letter
--@include forget
--@include job

local events, attempts, dlq, due, waiting, cursors, failing, record_prefix, history_prefix,
    lane_prefix, endpoint_prefix, job_prefix, dedup_prefix, rate_prefix, org_events_prefix,
    endpoints_prefix, gone_prefix, keys_prefix, turn_prefix, stats = unpack(KEYS, 5, 24)
--@include forget_events
--@include forget_org

local answer = open_job()
if answer then
    return answer
elseif step_ms < job.created_at + 2000 then
    return wait_ms(200)
end
local org, phase, PHASES = job.org, job.phase or 'jobs', {}

local function go_to(name)
    call('HSET', KEYS[1], 'phase', name)
    return go_on('', 0, 0, STEP_MS)
end

local function walk(part, next_phase, stream)
    local is_last, cursor = part(stream)
    return is_last and go_to(next_phase) or go_on(cursor, 0, 0, STEP_MS)
end

function PHASES.jobs()
    return walk(forget_jobs, 'keys')
end

function PHASES.keys()
    local members = call('ZRANGE', keys_prefix .. org, 0, 49)
    return #members == 0 and go_to('endpoints') or {'keys', '10', org, unpack(members)}
end

function PHASES.endpoints()
    local ids = forget_endpoints()
    return #ids == 0 and go_to('events') or {'endpoints', '10', org, unpack(ids)}
end

function PHASES.events()
    local cursor, is_empty = forget_events(job.cursor)
    return is_empty and go_to('attempts')
        or go_on(cursor, #log_gone, 0, cursor == '' and any_stays and 100 or STEP_MS)
end

function PHASES.attempts()
    return walk(forget_in, 'letters', attempts)
end

function PHASES.letters()
    return walk(forget_in, 'dedup', dlq)
end

function PHASES.dedup()
    return walk(forget_dedup, 'rest')
end

function PHASES.rest()
    if ARGV[4] == 'organization' then
        call('UNLINK', KEYS[1], KEYS[3] .. org, KEYS[4] .. org)
        call('ZREM', KEYS[2], job.id)
        return {'absent', '0'}
    elseif call('XLEN', org_events_prefix .. org) > 0 then
        return go_to('events')
    end
    call('UNLINK', org_events_prefix .. org, rate_prefix .. org)
    forget_stats()
    for i = 25, #KEYS do
        call('UNLINK', KEYS[i] .. org)
    end
    return {'organization', '500', org}
end

return PHASES[phase]()

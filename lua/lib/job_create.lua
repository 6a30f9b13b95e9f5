-- A job begins; KEYS, ARGV and what is returned are job_create.lua's.
local function job_create(job, jobs, index, running)
    local id, org, kind, actor = unpack(ARGV, 3, 6)
    assert(actor and #ARGV % 2 == 0, 'job_create: pairs of name and value')
    local now, most = digits(now_ms(ARGV[2])), tonumber(ARGV[1])

    -- Errors, if they are something else, before anything is written.
    call('ZCARD', jobs) call('ZCARD', index)
    local unfinished = call('SCARD', running)
    if call('HEXISTS', job, 'id') == 1 then
        return 'created'
    elseif most > 0 and unfinished >= most then
        return 'full'
    end
    call('HSET', job, 'id', id, 'kind', kind, 'org', org, 'state', 'running', 'cursor', '',
         'done', 0, 'skipped', 0, 'error', '', 'created_at', now, 'updated_at', now,
         'finished_at', '', 'actor', actor, unpack(ARGV, 7))
    call('ZADD', jobs, now, id)
    call('ZADD', index, 0, id)
    call('SADD', running, id)
    return 'created'
end

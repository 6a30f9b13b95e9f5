-- A key of ours that is not a hash is nobody's: it goes, rather than stop a script half-way.
local function write_hash(key, ...)
    local done = redis.pcall('HSET', key, ...)
    if type(done) == 'table' then
        call('DEL', key)
        call('HSET', key, ...)
    end
end

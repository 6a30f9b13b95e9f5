-- A key of ours that is something else is nobody's: it goes, rather than stop a script half-way.
local function write_over(command, key, ...)
    local done = redis.pcall(command, key, ...)
    if type(done) == 'table' then
        call('DEL', key)
        done = call(command, key, ...)
    end
    return done
end

local function write_hash(key, ...)
    write_over('HSET', key, ...)
end

-- Whether the field was not there before; one that was stays as it is.
local function add_field(key, field, value)
    return write_over('HSETNX', key, field, value) == 1
end

local function has_fields(key)
    local count = redis.pcall('HLEN', key)
    return type(count) == 'number' and count > 0
end

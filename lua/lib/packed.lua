-- An argument, the at-th, holds many strings: MessagePack, one after the other; and numbers, which
-- say how many strings follow. Were each an argument, they would cost half as much again. At most
-- some 7,000, since they pass over a stack. Lua reads each byte of a string to find it among those
-- it has, of what is packed twice: a text that each item has, and that may be long, is an argument
-- of its own, behind the pack.
local function unpacked(at)
    assert(ARGV[at], 'no packed argument')
    return {cmsgpack.unpack(ARGV[at])}
end

-- Where items begin, each with so many numbers (1): how many strings it has, which is one of two;
-- when there are more, how many strings follow those, and what else.
local function starts_of(items, short, long, numbers)
    local starts, n, at, heads = {}, 0, 1, numbers or 1
    while items[at] == short or items[at] == long do
        n = n + 1
        starts[n], at = at, at + heads + items[at] + (numbers and items[at + 1] or 0)
    end
    assert(at == #items + 1, 'packed: an item has another size than it says')
    return starts
end

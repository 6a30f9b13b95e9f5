-- The last argument, the at-th, holds many strings: MessagePack, one after the other; and numbers,
-- which say how many strings follow. Were each an argument, they would cost half as much again. At
-- most some 7,000, since they pass over a stack.
local function unpacked(at)
    assert(#ARGV == at, 'one packed argument, the last')
    return {cmsgpack.unpack(ARGV[at])}
end

-- Where items begin, each with how many strings it has, which is one of two.
local function starts_of(items, short, long)
    local starts, n, at = {}, 0, 1
    while items[at] == short or items[at] == long do
        n = n + 1
        starts[n], at = at, at + 1 + items[at]
    end
    assert(at == #items + 1, 'packed: an item has another size than it says')
    return starts
end

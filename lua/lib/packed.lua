-- The last argument, the at-th, holds many strings: MessagePack, one after the other. Were each an
-- argument, they would cost half as much again. At most some 7,000, since they pass over a stack.
local function unpacked(at)
    assert(#ARGV == at, 'one packed argument, the last')
    return {cmsgpack.unpack(ARGV[at])}
end

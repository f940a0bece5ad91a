-- Takes a host's turn if nobody has it and the pause after the last one is over.
-- KEYS: the turn, the earliest next moment. ARGV: token, lease (ms), pause (ms).
-- Answers 0 when taken, else the milliseconds after which asking again makes sense.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return math.max(1, redis.call('PTTL', KEYS[1]))
end
local earliest = tonumber(redis.call('GET', KEYS[2]) or '0')
if now < earliest then
  return earliest - now
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
-- Should the holder die, the pause counts from here.
local pause = tonumber(ARGV[3])
if pause > 0 then
  redis.call('SET', KEYS[2], now + pause, 'PX', pause)
end
return 0

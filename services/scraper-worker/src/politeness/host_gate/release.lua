-- Gives a turn back, if it is still the caller's; the pause counts from now.
-- KEYS: the turn, the earliest next moment. ARGV: token, pause (ms).
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('DEL', KEYS[1])
local pause = tonumber(ARGV[2])
if pause > 0 then
  local clock = redis.call('TIME')
  local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
  redis.call('SET', KEYS[2], now + pause, 'PX', pause)
end
return 1

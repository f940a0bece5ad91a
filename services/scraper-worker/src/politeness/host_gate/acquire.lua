-- Takes a host's turn if nobody has it, the pause after the last one is over and the host is not left alone.
-- KEYS: the turn, the earliest next moment, the pace. ARGV: token, lease (ms), pause (ms).
-- Answers what is so and for how many milliseconds: {'taken', 0, 0}, {'held', n, 0}, {'paused', n, 0} or
-- {'closed', n, how long the host has refused everything}.
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return {'held', math.max(1, redis.call('PTTL', KEYS[1])), 0}
end
local pace = redis.call('HMGET', KEYS[3], 'closed_until', 'refused_since', 'gap')
local closed_until = tonumber(pace[1] or '0')
if now < closed_until then
  return {'closed', closed_until - now, now - tonumber(pace[2] or now)}
end
local earliest = tonumber(redis.call('GET', KEYS[2]) or '0')
if now < earliest then
  return {'paused', earliest - now, 0}
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
-- Should the holder die, the pause counts from here.
local pause = math.max(tonumber(ARGV[3]), tonumber(pace[3] or '0'))
if pause > 0 then
  redis.call('SET', KEYS[2], now + pause, 'PX', pause)
end
return {'taken', 0, 0}

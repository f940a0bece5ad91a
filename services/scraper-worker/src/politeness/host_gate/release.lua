-- Gives a turn back, if it is still the caller's; the pause counts from now. What became of the visit makes the
-- host's pace slower or faster, for all workers.
-- KEYS: the turn, the earliest next moment, the pace.
-- ARGV: token, pause (ms), 'well' | 'refused' | 'unclear' | 'nowhere', latency (ms), what the host asked for (ms), then the
-- bounds (ms but for the count): quick latency, least and longest gap, refusals before the host is left alone,
-- first and longest time of that, how long a pace is remembered.
-- Answers the host's gap and for how long it is left alone; {0, 0} also when the turn was another's by now.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return {0, 0}
end
redis.call('DEL', KEYS[1])
local pause, went, latency, asked = tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local quick, least_gap, longest_gap = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local threshold, first_closed, longest_closed = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local known = redis.call('HMGET', KEYS[3], 'gap', 'latency', 'refusals', 'closed_for', 'refused_since')
local gap, usual = tonumber(known[1] or '0'), tonumber(known[2] or '0')
local closed = 0

if went == 'well' then
  usual = usual == 0 and latency or math.floor(usual * 0.7 + latency * 0.3)
  gap = math.floor(gap / 2)
  if gap < least_gap then gap = 0 end
  -- A host that takes long is given as long to rest.
  if usual > quick then gap = math.max(gap, math.min(usual, longest_gap)) end
  redis.call('HSET', KEYS[3], 'gap', gap, 'latency', usual)
  redis.call('HDEL', KEYS[3], 'refusals', 'closed_for', 'closed_until', 'refused_since')
elseif went == 'refused' then
  gap = math.min(math.max(gap, pause, least_gap) * 2, longest_gap)
  local refusals = tonumber(known[3] or '0') + 1
  redis.call('HSET', KEYS[3], 'gap', gap, 'refusals', refusals, 'refused_since', known[5] or now)
  if refusals >= threshold or asked > longest_gap then
    -- Only one has the turn, so the one who comes after this is the probe: it opens the host again or closes
    -- it for twice as long.
    local closed_for = 0
    if refusals >= threshold then
      closed_for = math.min(math.max(tonumber(known[4] or '0') * 2, first_closed), longest_closed)
      redis.call('HSET', KEYS[3], 'closed_for', closed_for)
    end
    closed = math.max(closed_for, asked)
    redis.call('HSET', KEYS[3], 'closed_until', now + closed)
  end
end
if redis.call('EXISTS', KEYS[3]) == 1 then
  redis.call('PEXPIRE', KEYS[3], math.max(tonumber(ARGV[12]), closed * 2))
end
local rest = went == 'nowhere' and 0 or math.max(pause, gap, asked)
if rest > 0 then
  redis.call('SET', KEYS[2], now + rest, 'PX', rest)
else
  -- Of the pause that was to begin if this holder died.
  redis.call('DEL', KEYS[2])
end
return {gap, closed}

-- Keeps a turn that is still the caller's. KEYS: the turn. ARGV: token, lease (ms). Answers whether it is.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0

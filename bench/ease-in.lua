-- Lets a contender take in all connections before the first request arrives: each connection waits 300 ms
-- before its first request and never again. Loaded by wrk, in each of its threads, when handlers are slow.
--
-- Without it p99 speaks of how fast a busy event loop accepts, once, and of nothing that comes after.
-- load.mjs takes the 300 ms off the duration.

local connections = tonumber(os.getenv('BENCH_CONNECTIONS'))
local begun = 0

function delay()
  if begun == connections then
    return 0
  end
  begun = begun + 1
  return 300
end

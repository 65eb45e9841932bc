package cache

import "github.com/redis/go-redis/v9"

// The scripts compare tags, the first bytes of a key's value.
var (
	replaceScript = redis.NewScript(`
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`)
	releaseScript = redis.NewScript(`
local held = redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1)
if held ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`)
)

// A marked key has the tag of a mark, followed by a list with the nonce (16 bytes) and the expiry (13 digits, milliseconds
// by Redis's clock) of the mark of each unfinished write. marksLibrary reads the list, without what has expired or is in
// ended, and writes it back under a tag.
const marksLibrary = `
local size, record, most = 16, 29, 32
local unowned = string.rep('\0', size)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('GET', KEYS[1]) or ''
local marked = string.sub(held, 1, 1) == 'W'
local list, last, ended = '', 0, {}
local function add(nonce, till)
  list = list .. nonce .. string.format('%013.0f', till)
  last = math.max(last, till)
end
local function read()
  for i = 1 + size + 1, marked and #held or 0, record do
    local nonce, till = string.sub(held, i, i + size - 1), tonumber(string.sub(held, i + size, i + record - 1))
    if till and till > now and not ended[nonce] then add(nonce, till) end
  end
end
local function write(nonce)
  redis.call('SET', KEYS[1], 'W' .. nonce .. list, 'PX', last - now)
end`

// markSource adds a mark and returns the entry or the lease that the key had. The key gets the tag of the new mark, so that
// the entry is only restored if no other write has begun or ended since. A full list becomes one mark that no write removes
// and that expires with the last of them.
const markSource = marksLibrary + `
read()
local nonce, till = ARGV[1], now + ARGV[2]
if #list >= most * record then list, nonce, till = '', unowned, math.max(last, till) end
add(nonce, till)
write(ARGV[1])
return marked and '' or held`

var (
	markScript = redis.NewScript(markSource)
	// endScript removes the marks of a write, and adds one if its TTL is not 0. It deletes an entry, a lease, and an empty
	// list. The new tag belongs to no write: what any mark replaced is older than this write.
	endScript = redis.NewScript(marksLibrary + `
for i = 3, #ARGV do ended[ARGV[i]] = true end
read()
if tonumber(ARGV[1]) > 0 then add(ARGV[2], now + ARGV[1]) end
if list == '' then return redis.call('DEL', KEYS[1]) end
write(unowned)
return 1`)
)

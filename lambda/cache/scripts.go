package cache

import "github.com/redis/go-redis/v9"

// The scripts compare the tag, the first bytes of what a key holds.
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

// A marked key holds the tag of a mark and then, of each write that has not ended, the nonce of its mark
// (16 bytes) and when that expires (13 digits, milliseconds of Redis' own clock). marksLibrary reads that
// list, without what has expired and what is in ended, and writes it back under a tag.
const marksLibrary = `
local size, record, most = 16, 29, 32
local nobody = string.rep('\0', size)
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

// markSource adds a mark and returns the entry or the lease that the key held. The tag is that of the new
// mark, so that what it replaced is put back only while no other write has begun or ended. A list that is
// full becomes one mark that nobody ends and that expires with the last of them.
const markSource = marksLibrary + `
read()
local nonce, till = ARGV[1], now + ARGV[2]
if #list >= most * record then list, nonce, till = '', nobody, math.max(last, till) end
add(nonce, till)
write(ARGV[1])
return marked and '' or held`

var (
	markScript = redis.NewScript(markSource)
	// endScript takes out the marks of a write, and adds one if its time is not 0. It deletes an entry, a
	// lease, and a list that is empty. The tag is nobody's: what a mark replaced is older than this write.
	endScript = redis.NewScript(marksLibrary + `
for i = 3, #ARGV do ended[ARGV[i]] = true end
read()
if tonumber(ARGV[1]) > 0 then add(ARGV[2], now + ARGV[1]) end
if list == '' then return redis.call('DEL', KEYS[1]) end
write(nobody)
return 1`)
)

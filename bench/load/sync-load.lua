-- Load on KOReader's sync routes for wrk, one thread:
--
--   MODE=push KEYS=FILE DOCUMENTS=FILE wrk -t1 -c64 -d5s --latency -s sync-load.lua http://127.0.0.1:PORT
--
-- MODE       push, pull, or read
-- KEYS       API keys, one a line: the users. A line "name secret" is sent as x-auth-user and x-auth-key, to the paths of
--            koreader-sync-server
-- PREFIX     of every path, for servers that do not have the whole host
-- DOCUMENTS  documents that the server knows, one a line; all of one length, as digests are
--
-- OWN        how many documents each user has: the first so many for the first user, the next for the second, and so on.
--            Without it, users have all
--
-- Every request is for a random user and a random document. With MODE=read it is a push of a random user for the next of
-- the 400 pages of one of ten documents that this user reads. The parts of a request are composed before the run, so that wrk takes
-- little of the processors that it shares with the server. After wrk's own report one JSON object is printed: requests,
-- seconds, failed (answers other than 2xx and 3xx, and broken connections), latencies in ms.

local PERCENTILES = { 50, 75, 90, 95, 99, 99.9 }
local BODY_MIDDLE = '","progress":"/body/DocFragment[%02d]/body/div/p[%03d]/text().0","percentage":0.%04d,'
local BODY_END = '"device":"Kobo_nova","device_id":"BENCH%04d"}'

local function read_lines(name)
  local lines = {}
  for line in io.lines(os.getenv(name)) do lines[#lines + 1] = line end
  return lines
end

local keys, documents = read_lines("KEYS"), read_lines("DOCUMENTS")
local mode = os.getenv("MODE")
local prefix = os.getenv("PREFIX") or ""
local heads, ends, middles, pull_ends = {}, {}, {}, {}
local own = tonumber(os.getenv("OWN") or "0")
local BOOKS, PAGES = 10, 400
local pages = {}

function init()
  math.randomseed(tonumber(os.getenv("SEED") or "1"))
  for page = 1, PAGES do
    pages[page] = string.format(BODY_MIDDLE, page % 100, page, (page - 1) * 10000 / PAGES)
  end
  for i = 1, 4096 do
    middles[i] = string.format(BODY_MIDDLE, math.random(0, 99), math.random(0, 999), math.random(0, 9999))
  end
  local host = "Host: " .. wrk.host .. ":" .. wrk.port .. "\r\nAccept: application/vnd.koreader.v1+json\r\n"
  for user, key in ipairs(keys) do
    local name, secret = key:match("^(%S+) (%S+)$")
    local base, headers = prefix .. "/koreader/" .. key, host
    if name then
      base, headers = prefix, host .. "x-auth-user: " .. name .. "\r\nx-auth-key: " .. secret .. "\r\n"
    end
    pull_ends[user] = " HTTP/1.1\r\n" .. headers .. "\r\n"
    ends[user] = string.format(BODY_END, user)
    if mode ~= "pull" then
      local length = #'{"document":"' + #documents[1] + #middles[1] + #ends[user]
      heads[user] = "PUT " .. base .. "/syncs/progress HTTP/1.1\r\n" .. headers ..
        "Content-Type: application/json\r\nContent-Length: " .. length .. '\r\n\r\n{"document":"'
    else
      heads[user] = "GET " .. base .. "/syncs/progress/"
    end
  end
end

local random = math.random
local read = {}

function request()
  local user = random(#keys)
  if mode == "read" then
    local book = (user - 1) * BOOKS + random(BOOKS)
    local page = (read[book] or random(PAGES)) % PAGES + 1
    read[book] = page
    return heads[user] .. documents[book % #documents + 1] .. pages[page] .. ends[user]
  end
  local document
  if own > 0 then
    document = documents[((user - 1) * own + random(own) - 1) % #documents + 1]
  else
    document = documents[random(#documents)]
  end
  if mode == "push" then
    return heads[user] .. document .. middles[random(#middles)] .. ends[user]
  end
  return heads[user] .. document .. pull_ends[user]
end

function done(summary, latency)
  local errors = summary.errors
  local parts = {}
  for i, percentile in ipairs(PERCENTILES) do
    parts[i] = string.format('{"percentile":%g,"ms":%.4f}', percentile, latency:percentile(percentile) / 1000)
  end
  print(string.format(
    '\n{"requests":%d,"seconds":%.6f,"failed":%d,"percentiles":[%s]}',
    summary.requests, summary.duration / 1e6, errors.status + errors.connect + errors.read + errors.write +
    errors.timeout, table.concat(parts, ",")))
end

-- Sends 1 MB with every request. The body is built once; wrk then repeats the finished request.
wrk.method = "POST"
wrk.body = string.rep("0123456789abcdef", 65536)
wrk.headers["Content-Type"] = "application/octet-stream"

dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")

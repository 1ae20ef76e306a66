-- Prints what wrk counted as one JSON line. It defines no request or response function, so wrk stays in C meanwhile.
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%f,"bytes":%d,"p50Ms":%f,"p99Ms":%f,"failedConnects":%d,"failedReads":%d,"failedWrites":%d,"wrongStatus":%d,"timeouts":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end

#!/bin/sh
# A DNS hook for name servers that take dynamic updates (RFC 2136: BIND, Knot, PowerDNS and others), by nsupdate.
#
# The proxy runs a hook twice for each certificate that is checked by dns-01:
#
#   <hook> present _acme-challenge.example.com <value>   the TXT record is to be added
#   <hook> cleanup _acme-challenge.example.com <value>   it is to be removed; always run, after failures too
#
# The same is in the environment as ACME_ACTION, ACME_RECORD_NAME and ACME_RECORD_VALUE; ACME_DOMAIN is the name that is
# checked, without "*.". All other variables are the proxy's own.
#
# A hook returns 0 once the record can be seen by everyone: the authority looks it up at once. It has two minutes. Any
# other exit code fails the certificate, and the last lines of stderr are shown to the person who waits. What it adds
# must stand beside other values of the same name: a name and its wildcard have one record name.
#
# What this one needs:
#
#   DNS_SERVER          name server that takes updates, an address or a name
#   DNS_KEY_FILE        its TSIG key, as tsig-keygen prints it; readable by the proxy's user only
#   DNS_ZONE            zone that the record is in; nsupdate asks for it when it is not set
#   DNS_WAIT_SECONDS    time for secondary servers to follow; 10 when it is not set
#
# nsupdate is not part of the proxy's image. An image that has it is built upon ours, or the zone's provider has an
# interface over HTTPS: challtestsrv.mjs beside this file shows a hook in JavaScript, for which Node is there already.
set -eu

action=$1 name=$2 value=$3
: "${DNS_SERVER:?names the name server}" "${DNS_KEY_FILE:?names the file with the TSIG key}"

# One label must not become two commands.
case "$name$value" in
*[!A-Za-z0-9._-]*)
  echo "not a record for a certificate: $name $value" >&2
  exit 2
  ;;
esac

case "$action" in
present) update="update add $name. 60 TXT \"$value\"" ;;
cleanup) update="update delete $name. TXT \"$value\"" ;;
*)
  echo "present or cleanup, not $action" >&2
  exit 2
  ;;
esac

{
  echo "server $DNS_SERVER"
  if [ -n "${DNS_ZONE:-}" ]; then echo "zone $DNS_ZONE"; fi
  echo "$update"
  echo send
} | nsupdate -k "$DNS_KEY_FILE" -t 30

if [ "$action" = present ]; then sleep "${DNS_WAIT_SECONDS:-10}"; fi

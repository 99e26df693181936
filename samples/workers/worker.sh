#!/usr/bin/env bash
# A worker for `protocol: job`: one process for each job. Put your work where curl stands.
set -uo pipefail
defer=75 fail_for_good=65

read -r payload || [[ -n $payload ]]                     # one line of JSON; with jq: mapfile -t urls < <(jq -r '.urls[]')
mapfile -t urls < <(grep -oE 'https?://[^"]+' <<<"$payload")

bytes=0 number=0
for url in "${urls[@]}"; do                              # here it counts the bytes behind some addresses
  answer=$(curl -sS --max-time 30 -o /dev/null -w '%{http_code} %{size_download}' "$url") || exit 1   # curl has said why
  code=${answer% *}
  if [[ $code == 429 ]]; then                            # not now: come again, at no cost
    echo "$url answered 429" >&2; exit $defer
  elif ((code >= 500)); then                             # the last line of standard error is the reason
    echo "$url answered $code" >&2; exit 1
  elif ((code >= 400)); then                             # what the caller did wrong does not become right by trying again
    echo "$url answered $code" >&2; exit $fail_for_good
  fi
  bytes=$((bytes + ${answer#* })) number=$((number + 1))
  echo "$number of ${#urls[@]}"                          # all but the last line is the job's log
done
echo "{\"bytes\": $bytes}"                               # the last line is the result

#!/bin/sh
# One song by curl: sent, waited for, fetched into this directory.
#     samples/short_request.sh song.mp3 [http://localhost:8080]
set -eu
song=${1:?"which song? samples/short_request.sh song.mp3"}
url=${2:-http://localhost:8080}
answer=$(mktemp)
trap 'rm -f "$answer"' EXIT

path=$(curl -sS -F "file=@$song" -o "$answer" -w '%header{location}' "$url/v1/songs")
[ -n "$path" ] || { cat "$answer" >&2; exit 1; }
while
    curl -fsS -o "$answer" "$url$path"
    state=$(grep -o '"state":"[a-z]*"' "$answer" | head -n 1 | cut -d '"' -f 4)
    echo "$state"
    [ "$state" = queued ] || [ "$state" = working ]
do
    sleep 1
done
[ "$state" = done ] || { cat "$answer" >&2; exit 3; }
for stem in vocals drums bass other; do
    curl -fsSL -OJ "$url$path/stems/$stem"
done

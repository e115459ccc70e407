# Prints how many processes of the name $1 this host has; and when there are none any more (or too
# much time is over) how many, again, with the time in seconds since the epoch. For bash, which can do
# it without a process of its own for each look, so that it is quick on a busy machine, too.
LC_ALL=C
count() {
  local name file
  found=0
  for file in /proc/[0-9]*/comm; do
    # A process may end while it is looked at. One that is dead and not yet reaped counts.
    { read -r name <"$file"; } 2>/dev/null || continue
    if [ "$name" = "$1" ]; then found=$((found + 1)); fi
  done
}

count "$1"
echo "$found"
while count "$1" && ((found > 0 && SECONDS < 60)); do :; done
echo "$found $EPOCHREALTIME"

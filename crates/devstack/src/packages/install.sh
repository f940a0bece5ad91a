# Installs the packages named as arguments. Debian's packages start their services as they are
# installed; a policy that answers 101 ("not allowed") prevents that while this script runs.
set -eu
policy=/usr/sbin/policy-rc.d
saved="$policy.before-rmu-devstack"

# A former run that was killed may have left its policy behind: put the machine's own one back first.
restore() {
    if [ -e "$saved" ]; then
        mv -f "$saved" "$policy"
    elif grep -qs 'rmu-devstack' "$policy"; then
        rm -f "$policy"
    fi
}
restore
trap restore EXIT
trap 'exit 130' INT TERM HUP

if [ -e "$policy" ]; then
    cp -p "$policy" "$saved"
fi
printf '#!/bin/sh\n# Written by rmu-devstack for the time of one installation.\nexit 101\n' > "$policy.new"
chmod 755 "$policy.new"
mv -f "$policy.new" "$policy"

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"

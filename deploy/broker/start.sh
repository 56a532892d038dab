#!/bin/sh
# Becomes the broker, with the log-ins that `anling broker render` wrote; whenever they change, reads them anew.
# Until it has written any, only our own services get in.
set -eu
umask 077
data="${BROKER_DATA:-/mosquitto/data}"
config="${BROKER_CONFIG:-/mosquitto/config}"
access="${BROKER_ACCESS:-/mosquitto/access}"

# the broker gives up being root as soon as it starts: what it reads must be its own
ours() {
    chmod 600 "$@"
    if [ "$(id -u)" = 0 ] && id mosquitto > /dev/null 2>&1; then
        chown mosquitto "$@"
    fi
}

# takes over what is new; true when something was
take() {
    new=1
    for file in passwd acl revoked.crl; do
        if [ -e "$access/$file" ] && ! cmp -s "$access/$file" "$data/$file"; then
            cp "$access/$file" "$data/$file.new"
            ours "$data/$file.new"
            mv "$data/$file.new" "$data/$file"
            new=0
        fi
    done
    return $new
}

if ! take && [ ! -e "$data/passwd" ]; then
    : > "$data/passwd"
    mosquitto_passwd -b "$data/passwd" bridge-alarm "${BROKER_ALARM_PASSWORD:?}"
    mosquitto_passwd -b "$data/passwd" bridge-tele "${BROKER_TELE_PASSWORD:?}"
    mosquitto_passwd -b "$data/passwd" bridge-vendor "${BROKER_VENDOR_PASSWORD:?}"
    mosquitto_passwd -b "$data/passwd" watch "${BROKER_WATCH_PASSWORD:?}"
    mosquitto_passwd -b "$data/passwd" monitor "${BROKER_MONITOR_PASSWORD:?}"
    cp "$config/acl" "$data/acl"
    ours "$data/passwd" "$data/acl"
fi
# mosquitto will be this very process
broker=$$
while kill -0 "$broker" 2> /dev/null; do
    sleep "${BROKER_LOOK_EVERY:-2}"
    if take; then
        kill -HUP "$broker" 2> /dev/null || true
    fi
done &
exec mosquitto -c "$config/mosquitto.conf"

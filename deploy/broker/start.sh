#!/bin/sh
# Writes the service accounts into the broker's password file (devices in it stay), then becomes the broker.
set -eu
umask 077
data="${BROKER_DATA:-/mosquitto/data}"
config="${BROKER_CONFIG:-/mosquitto/config}"
passwd="$data/passwd"

[ -e "$passwd" ] || : > "$passwd"
mosquitto_passwd -b "$passwd" bridge-alarm "${BROKER_ALARM_PASSWORD:?}"
mosquitto_passwd -b "$passwd" bridge-tele "${BROKER_TELE_PASSWORD:?}"
mosquitto_passwd -b "$passwd" bridge-vendor "${BROKER_VENDOR_PASSWORD:?}"
mosquitto_passwd -b "$passwd" monitor "${BROKER_MONITOR_PASSWORD:?}"
cp "$config/acl" "$data/acl"
chmod 600 "$passwd" "$data/acl"
# the broker gives up being root as soon as it starts
if [ "$(id -u)" = 0 ] && id mosquitto > /dev/null 2>&1; then
    chown mosquitto "$passwd" "$data/acl"
fi
exec mosquitto -c "$config/mosquitto.conf"

# Every setting has a default: Redis at localhost:6379, SQLite below the state directory.
settings_are_complete() {
    true
}

next_steps() {
    cat <<TEXT
cockpit-server serves http://127.0.0.1:8000 unless $settings says otherwise.
  Its first log-in:  journalctl -u cockpit-server | grep 'first log-in'
  After a change of the settings:  systemctl restart cockpit-server
TEXT
}

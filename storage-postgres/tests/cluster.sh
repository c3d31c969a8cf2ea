#!/bin/sh
# A private PostgreSQL server for tests. It ends with this script's standard input, in whatever way whoever holds the other
# end comes to its own. Takes the folder of PostgreSQL's programs, and settings for the server (name=value …).
#
# Writes NAME=value lines that say how to reach the server, then `ready`. Each line read is a command, answered with `done`
# or `failed`: `stop`, `start`, `restart`, `kill` (nothing is written to the disk any more), `replica` (first writes its
# REPLICA=url).
set -u
bin=$1
shift

# A server refuses to run as root.
if [ "$(id -u)" = 0 ]; then
    as() { runuser -u postgres -- "$@" </dev/null; }
else
    as() { "$@" </dev/null; }
fi

folder=$(mktemp -d /tmp/tertulia-pg.XXXXXX) || exit 1
cd "$folder" || exit 1
if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; fi

remove() {
    for data in replica data; do
        if [ -e "$folder/$data/postmaster.pid" ]; then
            as "$bin/pg_ctl" -D "$folder/$data" -m immediate -s stop
        fi
    done
    cd / && rm -rf "$folder"
}
trap remove EXIT

password=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
printf '%s' "$password" >password
# An authority, and a certificate for `localhost`, which is no name of 127.0.0.1.
key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
# shellcheck disable=SC2086
openssl req -x509 $key -days 30 -subj "/CN=tertulia's tests" -keyout root.key -out root.crt 2>openssl.log &&
    openssl req $key -subj /CN=localhost -keyout server.key -out server.csr 2>openssl.log &&
    printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >server.ext &&
    openssl x509 -req -in server.csr -CA root.crt -CAkey root.key -CAcreateserial -days 30 -extfile server.ext \
        -out server.crt 2>openssl.log || {
    cat openssl.log >&2
    exit 1
}
if [ "$(id -u)" = 0 ]; then chown postgres password server.key server.crt; fi
chmod 600 password server.key

as "$bin/initdb" -D "$folder/data" -U postgres --auth-local=trust --auth-host=scram-sha-256 \
    --pwfile="$folder/password" -E UTF8 --locale=C --no-sync >initdb.log 2>&1 || {
    cat initdb.log >&2
    exit 1
}
cat >>data/postgresql.conf <<END
unix_socket_directories = '$folder'
listen_addresses = '127.0.0.1'
fsync = off
full_page_writes = off
shared_buffers = 64MB
ssl = on
ssl_cert_file = '$folder/server.crt'
ssl_key_file = '$folder/server.key'
END
for setting in "$@"; do echo "$setting" >>data/postgresql.conf; done

start() { as "$bin/pg_ctl" -D "$folder/$1" -w -s -l "$folder/server.log" -o "-p $2" start >&2; }

# One that is taken is found out by trying.
port=
for _ in 1 2 3 4 5 6 7 8; do
    candidate=$(($(od -An -N2 -tu2 /dev/urandom) % 12000 + 20000))
    if start data "$candidate" 2>/dev/null; then
        port=$candidate
        break
    fi
done
if [ -z "$port" ]; then
    cat server.log >&2
    exit 1
fi

sql() { as "$bin/psql" -h "$folder" -p "$port" -U postgres -X -q -v ON_ERROR_STOP=1 "$@" >&2; }
# Not the superuser, whom row-level security does not bind.
sql -c "CREATE ROLE tertulia LOGIN PASSWORD '$password'" -c "CREATE DATABASE tertulia OWNER tertulia" &&
    sql -d tertulia -c "CREATE EXTENSION pg_trgm SCHEMA public" -c "CREATE EXTENSION btree_gin SCHEMA public" || exit 1

echo "TERTULIA_TEST_POSTGRES=postgres://tertulia:$password@localhost:$port/tertulia"
echo "TERTULIA_TEST_POSTGRES_SUPERUSER=postgres:///tertulia?host=$folder&port=$port&user=postgres"
echo "TERTULIA_TEST_POSTGRES_CERTIFICATES=$folder"
echo "TERTULIA_TEST_POSTGRES_PROGRAMS=$bin"
echo ready

replica() {
    as "$bin/pg_basebackup" -h "$folder" -p "$port" -U postgres -D "$folder/replica" -R -X stream -c fast >&2 &&
        start replica $((port + 1)) &&
        echo "REPLICA=postgres://tertulia:$password@localhost:$((port + 1))/tertulia"
}

stop() { as "$bin/pg_ctl" -D "$folder/data" -m "$1" -w -s stop >&2; }

while read -r command; do
    case $command in
    start) start data "$port" ;;
    stop) stop fast ;;
    kill) stop immediate ;;
    restart) stop fast && start data "$port" ;;
    replica) replica ;;
    *) false ;;
    esac && echo 'done' || echo failed
done

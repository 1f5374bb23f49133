#!/bin/sh
# Installs what is needed from Debian's packages: virtual environments for Python, a C compiler and, unless "venv" is all
# that is asked for, what the tests talk to: Java, Derby (the real DRDA server), JTOpen (IBM's client for
# record access), PostgreSQL, tshark, ICU, openssl.
set -eu
missing=""
python3 -c "import ensurepip" 2>/dev/null || missing="$missing python3-venv"
# Rust links with it, and ring is partly in C.
command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
if [ "${1:-}" != venv ]; then
    command -v javac >/dev/null 2>&1 || missing="$missing default-jdk-headless"
    [ -e /usr/share/java/derbynet.jar ] || missing="$missing libderby-java derby-tools"
    [ -e /usr/share/java/derbyclient.jar ] || missing="$missing libderbyclient-java"
    [ -e /usr/share/java/jt400.jar ] || missing="$missing libjt400-java"
    # Debian's has its programs outside of the path.
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null 2>&1 || missing="$missing postgresql"
    command -v tshark >/dev/null 2>&1 || missing="$missing tshark"
    /sbin/ldconfig -p | grep -q 'libicuuc\.so\.' || missing="$missing libicu-dev"
    command -v valgrind >/dev/null 2>&1 || missing="$missing valgrind"
    command -v g++ >/dev/null 2>&1 || missing="$missing g++"
    command -v gcc >/dev/null 2>&1 || missing="$missing gcc libc6-dev"
    command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
fi
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    apt-get update -qq
    # Nobody but root needs to capture: the question is answered before it is asked.
    echo "wireshark-common wireshark-common/install-setuid boolean false" | debconf-set-selections
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
else
    echo "please install: $missing" >&2
    exit 1
fi

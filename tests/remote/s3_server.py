"""A real S3-compatible storage on loopback, in one process: OpenStack Swift (Debian's python3-swift) with its S3 API,
which checks every signature. Its account, container and object servers, rings and disk lie in a folder of the test.

  /usr/bin/python3 s3_server.py FOLDER PORT-FILE ACCESS-KEY SECRET-KEY
  /usr/bin/python3 s3_server.py --put BUCKET KEY FILE ENDPOINT ACCESS-KEY SECRET-KEY

The keys' account is ACCESS-KEY before the colon ("test:tester"). Every request is logged as one line: method, status,
path with query, Range. Serves until it is ended.
"""
import datetime
import hashlib
import hmac
import http.client
import os
import sys
import urllib.parse


def put(bucket, key, path, endpoint, access, secret):
    """An upload signed by header (AWS Signature Version 4), so that signing is tried by other code than Brume's, too."""
    host = endpoint.split("//")[1]
    for target, body in (("/" + bucket, b""), ("/" + bucket + "/" + urllib.parse.quote(key, safe="/~"), open(path, "rb").read() if path else b"")):
        now = datetime.datetime.utcnow().strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now}
        names = ";".join(sorted(headers))
        canonical = "\n".join(["PUT", target, ""] + [f"{n}:{headers[n]}" for n in sorted(headers)] + ["", names, digest])
        scope = f"{now[:8]}/us-east-1/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        mac = ("AWS4" + secret).encode()
        for part in scope.split("/") + [text]:
            mac = hmac.new(mac, part.encode(), hashlib.sha256).digest()
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={mac.hex()}"
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.request("PUT", target, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status not in (200, 409):
            sys.exit(f"put {target}: {answer.status} {said[:300]}")


def serve(folder, port_file, access, secret):
    import eventlet
    from eventlet import wsgi
    from swift.common import utils
    utils.HASH_PATH_SUFFIX = b"brume"
    utils.HASH_PATH_PREFIX = b""
    from swift.account.server import AccountController
    from swift.common.ring import RingBuilder
    from swift.common.wsgi import loadapp
    from swift.container.server import ContainerController
    from swift.obj.server import ObjectController

    user = access.split(":")
    os.makedirs(folder + "/devices/d1", exist_ok=True)
    conf = {"devices": folder + "/devices", "swift_dir": folder, "mount_check": "false", "log_level": "ERROR"}
    for name in ("account", "container", "object"):
        listener = eventlet.listen(("127.0.0.1", 0))
        builder = RingBuilder(2, 1, 0)
        builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1, "ip": "127.0.0.1", "port": listener.getsockname()[1],
                         "device": "d1"})
        builder.rebalance()
        builder.get_ring().save(f"{folder}/{name}.ring.gz")
        kind = {"account": AccountController, "container": ContainerController, "object": ObjectController}[name]
        eventlet.spawn(wsgi.server, listener, kind(conf), log_output=False)

    with open(folder + "/proxy.conf", "w") as out:
        out.write(f"""[DEFAULT]
swift_dir = {folder}
log_level = ERROR
[pipeline:main]
pipeline = s3api tempauth proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_{user[0]}_{user[1]} = {secret} .admin
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
""")
    proxy = loadapp(folder + "/proxy.conf")

    class Cache(dict):
        """In place of memcached."""
        def __bool__(self):
            return True

        def get(self, key, raise_on_error=False):
            return dict.get(self, key)

        def set(self, key, value, **_):
            self[key] = value

        def incr(self, key, delta=1, **_):
            self[key] = dict.get(self, key, 0) + delta
            return self[key]

        def delete(self, key, **_):
            self.pop(key, None)

    cache = Cache()

    def application(environment, start_response):
        environment["swift.cache"] = cache
        asked = environment.get("RAW_PATH_INFO", environment["PATH_INFO"]) + "?" + environment.get("QUERY_STRING", "")

        def start(status, headers, *more):
            print(environment["REQUEST_METHOD"], status.split()[0], asked, environment.get("HTTP_RANGE", "-"), flush=True)
            return start_response(status, headers, *more)

        return proxy(environment, start)

    listener = eventlet.listen(("127.0.0.1", 0))
    with open(port_file + ".new", "w") as out:
        out.write(str(listener.getsockname()[1]))
    os.rename(port_file + ".new", port_file)
    wsgi.server(listener, application, log_output=False)


if __name__ == "__main__":
    put(*sys.argv[2:]) if sys.argv[1] == "--put" else serve(*sys.argv[1:])

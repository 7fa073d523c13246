"""botocore signs unusual requests, which the emulator must admit, and computes the signatures of the tests again."""

import datetime
import http.client
import json
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest

FORMS = ("header-", "path-", "query-", "body-")


def unusual_requests(check, client, endpoint, vectors):
    with open(vectors, encoding="utf-8") as file:
        rows = json.load(file)
    signatures(check, rows)
    credentials = client._request_signer._credentials.get_frozen_credentials()
    legal = [row for row in rows if row["name"].startswith(FORMS)]
    check.that(len(legal) > 10, "sigv4.json has the legal forms", len(legal))
    for row in legal:
        for signer in (botocore.auth.SigV4Auth, botocore.auth.SigV4QueryAuth):
            what = f"{signer.__name__} {row['name']}"
            # A URL is signed for a body without content.
            if signer is botocore.auth.SigV4QueryAuth and row["body"]:
                continue
            request = signed(row, endpoint, signer(credentials, "connect", "us-east-1"))
            status = send(request)
            check.that(status not in (401, 403), f"{what}: admitted", status)
            altered = signed(row, endpoint, signer(credentials, "connect", "us-east-1"))
            altered.url += "&altered=1" if "?" in altered.url else "?altered=1"
            check.equal(send(altered), 403, f"{what}, with an altered query")


def signatures(check, rows):
    """The signatures in sigv4.json, of the time and keys of the AWS SigV4 test suite."""
    credentials = botocore.credentials.Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    moment = datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.timezone.utc)
    usual = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda *_, **__: moment
    try:
        for row in rows:
            request = signed(row, "https://example.amazonaws.com", botocore.auth.SigV4Auth(credentials, "service", "us-east-1"))
            authorization = request.headers["Authorization"]
            expected = f"SignedHeaders={row['signed_headers']}, Signature={row['signature']}"
            check.that(authorization.endswith(expected), f"signature of {row['name']}", authorization)
    finally:
        botocore.auth.get_current_datetime = usual


def signed(row, endpoint, signer):
    request = AWSRequest(method=row["method"], url=endpoint + row["uri"], data=row["body"].encode())
    for name, value in row["headers"]:
        request.headers.add_header(name, value)
    signer.add_auth(request)
    return request


def send(request):
    """The status of a request that is sent byte for byte."""
    url = urllib.parse.urlsplit(request.url)
    connection = http.client.HTTPConnection(url.netloc, timeout=20)
    try:
        connection.putrequest(request.method, f"{url.path}?{url.query}" if url.query else url.path)
        for name, value in request.headers.items():
            connection.putheader(name, value)
        body = request.data or b""
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        return connection.getresponse().status
    finally:
        connection.close()

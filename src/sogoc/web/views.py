"""The public pages: the newest of the log, one file verified, one number looked up, the files of the log themselves."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from threading import BoundedSemaphore

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from sogoc import __version__
from sogoc.adapters.pdf_reader import read_pdf
from sogoc.core import canonical, lookup
from sogoc.core.presented import PresentedPdf
from sogoc.core.vocabulary import Said
from sogoc.errors import InputError, SogocError, UnavailableError
from sogoc.ports import CACHE_BRIEFLY, CACHE_FOR_EVER
from sogoc.register import queries
from sogoc.services import looking_up, verification
from sogoc.services.looking_up import TooManyNames
from sogoc.web import archive, shown
from sogoc.web.asker import asker
from sogoc.wiring import utc_now

_log = logging.getLogger("sogoc.web")

MAX_BYTES: int = settings.MAX_PRESENTED_BYTES
_FILES_THEMSELVES = frozenset(
    {"application/json", "application/pdf", "application/dc+sd-jwt", "application/octet-stream"}
)
"""Types of a body that is the file itself, as programs send it."""
_DRAINED_BYTES = 64 * 2**20
# While a PDF is read, in a process of its own, its thread does nothing: one thread is left for those who send no PDF.
_PDFS = BoundedSemaphore(settings.WEB_THREADS - 1)
# A diploma is read in a twentieth of a second. Whoever waits longer waits for hostile files, in the thread that others need.
_WAIT_SECONDS = 2


class TooLarge(InputError):
    """More than this page takes."""

    code = "too-large"


class Busy(UnavailableError):
    """Too many people ask at once."""

    code = "busy"


# -- pages ----------------------------------------------------------------------------------------------------------------


@require_safe
@cache_control(no_cache=True)
def start(request: HttpRequest) -> HttpResponse:
    return _start(request)


@csrf_exempt  # nobody is logged in, and asking changes nothing
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(no_store=True)
@vary_on_headers("Accept")
def verify(request: HttpRequest) -> HttpResponse:
    """Verify the file that was sent, and forget it: of a form, or the body itself.

    HTML for people; for `Accept: application/json` what `sogoc verify --json` prints.
    """
    if request.method != "POST":
        return redirect("start")
    try:
        name, presented = _presented(request)
    except TooLarge as error:
        return _refused(request, error, 413)
    except InputError as error:
        return _refused(request, error, 400)
    now = utc_now()
    try:
        report = verification.examine(
            presented, policy=archive.policy(), log=archive.home().log, newest_root=archive.newest_root,
            read_pdf=_read_one_of_few, now=now,
        )  # fmt: skip
    except (SogocError, DatabaseError) as error:
        return _unavailable(request, error)
    if _wants_json(request):
        return HttpResponse(canonical.pretty(report.to_json()), content_type="application/json")
    return _page(
        request,
        "report",
        {
            "report": shown.ShownReport.of(report),
            "file_name": name,
            "digest": hashlib.sha256(presented).hexdigest(),
            "checked": shown.Moment.of(now),
        },
    )


def _presented(request: HttpRequest) -> tuple[str, bytes]:
    """Return the name and the bytes of the file, which is in a form or is the body. Raises: InputError."""
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
        _drain(request, length)
        raise _too_large()
    file = request if request.content_type in _FILES_THEMSELVES else request.FILES.get("file")
    if not isinstance(file, UploadedFile | HttpRequest):
        raise InputError(
            "choose the file of a diploma", "hãy chọn tệp văn bằng",
            mend="Choose a PDF, JSON or SD-JWT file.", mend_vi="Chọn tệp PDF, JSON hoặc SD-JWT.",
        )  # fmt: skip
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise _too_large()
    if not content:
        raise InputError("the file is empty", "tệp trống", mend="Ask for it again.", mend_vi="Hãy xin lại tệp.")
    return getattr(file, "name", None) or "", content


def _too_large() -> TooLarge:
    return TooLarge(
        f"the file must be smaller than {MAX_BYTES >> 20} MB", f"tệp phải nhỏ hơn {MAX_BYTES >> 20} MB",
        mend="A digital diploma is much smaller; a scan cannot be checked.",
        mend_vi="Văn bằng số nhỏ hơn nhiều; bản quét không kiểm tra được.",
    )  # fmt: skip


def _drain(request: HttpRequest, length: int) -> None:
    # A browser that is still sending would show a broken connection instead of the answer.
    left = min(length, _DRAINED_BYTES)
    while left > 0 and (chunk := request.read(min(left, 2**16))):
        left -= len(chunk)


def _read_one_of_few(pdf: bytes) -> PresentedPdf:
    """Read a PDF when its turn has come. Raises: MalformedError, UnavailableError."""
    if not _PDFS.acquire(timeout=_WAIT_SECONDS):
        raise Busy("too many files are being checked at once", "đang có quá nhiều tệp chờ kiểm tra")
    try:
        return read_pdf(pdf)
    finally:
        _PDFS.release()


# -- one number looked up -------------------------------------------------------------------------------------------------


@csrf_exempt  # nobody is logged in; what is written counts against who asks
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(no_store=True)
@vary_on_headers("Accept")
def look_up(request: HttpRequest) -> HttpResponse:
    """Answer whether a number stands in a register under a name. A POST, because an address is kept in many places and a body in none."""
    if request.method != "POST":
        return _look_up(request)
    typed = {name: request.POST.get(name, "") for name in ("institution", "number", "name")}
    try:
        asked = lookup.read(**typed)
        answer = looking_up.look_up(asked, asker=asker(request), now=utc_now())
    except lookup.NotAsked as error:
        if _wants_json(request):
            return _error_document(error, 400)
        return _look_up(request, refusal=error, typed=typed, status=400)
    except TooManyNames as error:
        return _too_many_names(request, error)
    except (SogocError, DatabaseError) as error:
        return _unavailable(request, error, _ABOUT_NUMBER)
    if _wants_json(request):
        said = lookup.to_json(answer.code, size=answer.size, at=answer.at, trial=archive.home().settings.trial)
        return HttpResponse(canonical.pretty(said), content_type="application/json")
    return _page(request, "answer", {"answer": shown.ShownAnswer.of(answer), "asked": asked})


def _look_up(
    request: HttpRequest, *, refusal: lookup.NotAsked | None = None, typed: Mapping[str, str] | None = None, status: int = 200
) -> HttpResponse:  # fmt: skip
    # A name is typed anew: what somebody typed of a person is never in an answer.
    kept = {name: text for name, text in (typed or {}).items() if name != "name"}
    try:
        context = {"refusal": refusal, "typed": kept, "institutions": looking_up.institutions()}
    except (SogocError, DatabaseError) as error:
        return _unavailable(request, error, _ABOUT_NUMBER)
    return _page(request, "look_up", context, status=status)


def _too_many_names(request: HttpRequest, error: TooManyNames) -> HttpResponse:
    if _wants_json(request):
        response: HttpResponse = _error_document(error, 429)
    else:
        title = Said("Đã có quá nhiều lần nhập sai họ tên", "Too many wrong names were given")
        minutes = -(-error.seconds // 60)
        text = Said(
            "Đây không phải kết luận về văn bằng. Để không ai dò được họ tên, việc tra cứu này tạm dừng. Hãy thử lại sau"
            f" {minutes} phút, hoặc xin người được cấp tệp văn bằng số: tệp thì lúc nào cũng kiểm tra được.",
            "This says nothing about the diploma. So that nobody finds out a name by trying, this is not answered for now. Try again"
            f" in {minutes} min, or ask the holder for the file, which can be checked at any time.",
        )
        response = _error(request, 429, title, text)
    response["Retry-After"] = str(error.seconds)
    return response


# -- the files of the log -------------------------------------------------------------------------------------------------

_TILE = re.compile(r"tile/(?:entries|[0-9]{1,2})/(?:x[0-9]{3}/)*[0-9]{3}(?:\.p/[0-9]{1,3})?")
_FILES = (
    (re.compile(r"checkpoint"), "text/plain; charset=utf-8", CACHE_BRIEFLY),
    (_TILE, "application/octet-stream", CACHE_FOR_EVER),
    (re.compile(r"authority/[0-9]+/[0-9]+\.json"), "application/json", CACHE_FOR_EVER),
    (re.compile(r"status/[0-9]+"), "application/octet-stream", CACHE_BRIEFLY),
)
"""Every file that a log has: its path, its type, and how long it may be kept. Nothing else is served."""


@require_safe
def log_file(request: HttpRequest, name: str) -> HttpResponse:
    """One public file, for development; a file server does it better. Anybody's page may read it."""
    for pattern, content_type, kept in _FILES:
        if pattern.fullmatch(name):
            try:
                content = archive.public_files().get(name)
            except SogocError as error:
                return _unavailable(request, error)
            if content is None:
                break
            headers = {"Cache-Control": kept, "Access-Control-Allow-Origin": "*"}
            return HttpResponse(content, content_type=content_type, headers=headers)
    raise Http404


# -- for machines that watch ----------------------------------------------------------------------------------------------


@require_safe
@cache_control(no_store=True)
def healthz(_request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@cache_control(no_store=True)
def readyz(_request: HttpRequest) -> HttpResponse:
    """This process can answer what it is for: database, public files and trust policy are there."""
    checks: Mapping[str, Callable[[], object]] = {
        "database": queries.newest_head,
        "files": lambda: archive.public_files().get("checkpoint"),
        "policy": archive.policy,
    }
    said = {}
    for name, check in checks.items():
        try:
            check()
            said[name] = "ok"
        except (SogocError, DatabaseError, OSError) as error:
            _log.warning("not ready: %s: %s", name, error)
            said[name] = "unavailable"
    return JsonResponse(said, status=200 if set(said.values()) == {"ok"} else 503)


# -- when it cannot be shown ----------------------------------------------------------------------------------------------


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - as Django calls it
    return _error(request, 400, Said("Yêu cầu không hợp lệ", "This request cannot be read"))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - as Django calls it
    return _error(request, 404, Said("Không có trang này", "There is no such page"))


def server_error(request: HttpRequest) -> HttpResponse:
    return _error(
        request,
        500,
        Said("Có lỗi ở máy chủ", "Something went wrong on our side"),
        Said("Chưa có kết luận nào về văn bằng của bạn.", "Nothing was concluded about your diploma."),
    )


def _refused(request: HttpRequest, error: InputError, status: int) -> HttpResponse:
    if _wants_json(request):
        return _error_document(error, status)
    return _start(request, refusal=error, status=status)


_ABOUT_FILE = Said(
    "Đây không phải kết luận về tệp của bạn: đừng coi là hợp lệ, cũng đừng coi là giả. Hãy thử lại sau giây lát.",
    "This says nothing about your file: treat it neither as valid nor as forged. Try again in a moment.",
)
_ABOUT_NUMBER = Said(
    "Đây không phải kết luận về văn bằng: đừng coi là hợp lệ, cũng đừng coi là không có. Hãy thử lại sau giây lát.",
    "This says nothing about the diploma: treat it neither as valid nor as not there. Try again in a moment.",
)


def _unavailable(request: HttpRequest, error: SogocError | DatabaseError, text: Said = _ABOUT_FILE) -> HttpResponse:
    """Say that it could not be checked, which is no verdict. The reason is the operator's, and holds no personal data."""
    if isinstance(error, SogocError):
        _log.warning("unavailable: %s: %s", error.code, error)
    else:  # what a database says may repeat what it was asked
        _log.warning("unavailable: database: %s", type(error).__name__)
    if _wants_json(request):
        plain = UnavailableError(
            "this could not be checked now", "hiện chưa kiểm tra được",
            mend="Try again in a moment.", mend_vi="Hãy thử lại sau giây lát.",
        )  # fmt: skip
        response: HttpResponse = _error_document(plain, 503)
    else:
        response = _error(
            request,
            503,
            Said("Hiện chưa kiểm tra được", "This could not be checked now"),
            text,
        )
    response["Retry-After"] = "10"
    return response


# -- shared ---------------------------------------------------------------------------------------------------------------


def _start(request: HttpRequest, *, refusal: InputError | None = None, status: int = 200) -> HttpResponse:
    context = {"overview": shown.overview(), "refusal": refusal, "max_bytes": MAX_BYTES, "max_mb": MAX_BYTES >> 20}
    return _page(request, "start", context, status=status)


def _error(request: HttpRequest, status: int, title: Said, text: Said | None = None) -> HttpResponse:
    return _page(request, "error", {"title": title, "text": text}, status=status)


def _error_document(error: SogocError, status: int) -> JsonResponse:
    said = {"error": error.code, "en": error.en, "vi": error.vi, "mend": {"en": error.mend, "vi": error.mend_vi}}
    return JsonResponse(said, status=status, json_dumps_params={"ensure_ascii": False})


def _page(request: HttpRequest, name: str, context: Mapping[str, object], *, status: int = 200) -> HttpResponse:
    here = archive.home().settings
    frame = {"origin": here.origin, "trial": here.trial, "version": __version__}
    return render(request, f"sogoc/{name}.html", {**context, **frame}, status=status)


def _wants_json(request: HttpRequest) -> bool:
    if request.META.get("HTTP_ACCEPT") == "application/json":
        return True  # as programs say it; to read what browsers say takes its time
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"

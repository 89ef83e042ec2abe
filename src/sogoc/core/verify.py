"""The eight steps. A pure function of evidence, a trust policy and a time; it asks nobody and fetches nothing.

`verify` is the whole: it reads top to bottom in the order of the steps, with two exceptions. The places in the log (5, 6) are
computed before the powers (3), because a key is in force by the batch's place in the log; and the fields are opened (4) before
the powers are asked about them. Each step writes what it found into its own check; what a step could not establish stays
None, and whatever needs it is then "not run". What many diplomas share (checkpoints, pages, batches, lists) is checked once, by `shared`.

Spec: docs/spec/outcomes.md
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sogoc.core import commitment, entry, evidence, merkle, override, remarks, shared, status
from sogoc.core.anchor import Observation
from sogoc.core.authority import KeyWindow, Page
from sogoc.core.checkpoint import Checkpoint
from sogoc.core.credentials import sd_jwt
from sogoc.core.evidence import Evidence, Fresh, Logged
from sogoc.core.report import STEPS, Check, Fact, Finding, Report, Verdict, unreadable, worst
from sogoc.core.trust import CLOCK_DIFFERENCE, Policy
from sogoc.errors import MalformedError, ProofError, SignatureError, SogocError, VerificationError

PRESENTED, FRESH_FILE, POLICY = "presented", "fresh file", "policy"

_ACTS_BEHIND: Mapping[status.Status, tuple[str, ...]] = {
    status.Status.REVOKED: ("revoke", "cancel"),
    status.Status.SUSPENDED: ("suspend",),
    status.Status.SUPERSEDED: ("amend", "reissue"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPage:
    """What a PDF reader found out about the page around the evidence. `signer` is the key of the page's signature.

    `state` is `intact` when the signature is true and covers the whole file, `broken` when there is one and it does not,
    `absent` without any.
    """

    state: str
    signer: Mapping[str, str] | None = None


def verify_bytes(
    presented: bytes, policy: Policy, now: datetime, *, fresh: Fresh | None = None, page: PrintedPage | None = None
) -> Report:
    """Answer whether the presented evidence or SD-JWT is a valid qualification. Never raises for what is presented."""
    try:
        parsed = evidence.parse(presented)
        credential = sd_jwt.parse(parsed.lasting.credential)
    except MalformedError as error:
        return unreadable(f"this is not a digital diploma: {error.en}", f"đây không phải văn bằng số: {error.vi}")
    return verify(parsed, credential, policy, now, fresh=fresh, page=page)


def verify(
    presented: Evidence,
    credential: sd_jwt.Presented,
    policy: Policy,
    now: datetime,
    *,
    fresh: Fresh | None = None,
    page: PrintedPage | None = None,
) -> Report:
    """Run the eight steps. `now` is aware UTC; `fresh` is a fresh half that the verifier brought, `page` the print around it.

    Spec: docs/spec/outcomes.md.
    """
    case = _Case(presented=presented, credential=credential, policy=policy, now=now, printed=page)
    case.step_1()
    case.open_checkpoints(fresh)  # 5
    case.place_leaf_and_batch()  # 6
    case.read_state()  # 8, its proofs
    case.read_page()
    case.open_fields()  # 4
    case.step_2()
    case.step_3()
    case.step_4()
    case.check_batch_signature()  # 6, with the key that 3 found
    case.step_7()
    case.step_8()
    return case.report()


@dataclass(slots=True, kw_only=True)
class _Case:
    """One diploma under examination: what was presented, and what has been established so far."""

    presented: Evidence
    credential: sd_jwt.Presented
    policy: Policy
    now: datetime
    printed: PrintedPage | None
    checks: list[Check] = field(default_factory=lambda: [Check(step=n) for n in range(1, len(STEPS) + 1)])
    notes: list[Finding] = field(default_factory=list)
    times: dict[str, str] = field(default_factory=dict)

    fresh: Fresh | None = None
    fresh_source: str = PRESENTED
    lasting_head: Checkpoint | None = None
    head: Checkpoint | None = None
    roots: dict[int, bytes] = field(default_factory=dict)
    signed: set[int] = field(default_factory=set)  # sizes whose root the log signed, not only an anchor holds
    linked: dict[int, set[int]] = field(default_factory=dict)
    leaf: entry.Qualification | None = None
    leaf_index: int | None = None
    batch: entry.Batch | None = None
    batch_index: int | None = None
    batch_bytes: bytes = b""
    state: entry.State | None = None
    state_index: int | None = None
    page: Page | None = None
    page_bytes: bytes = b""
    page_trusted: bool = False
    keeper: Page | None = None
    keeper_bytes: bytes = b""
    opened: Mapping[str, str] | None = None
    fields: dict[str, str] | None = None

    # -- writing down ---------------------------------------------------------------------------------------------

    def _find(self, step: int, verdict: Verdict, code: str, en: str, vi: str) -> None:
        self.checks[step - 1].findings.append(Finding(verdict, code, en, vi))

    def _fact(self, step: int, name: str, value: object, source: str) -> None:
        # Without the constructor that a named tuple is given, which is a call for each of the many facts of a report.
        self.checks[step - 1].facts.append(tuple.__new__(Fact, (name, str(value), source)))

    def _missing(self, step: int, code: str, en: str, vi: str) -> None:
        self._find(step, Verdict.INCONCLUSIVE, code, en, vi)

    def _false(self, step: int, code: str, en: str, vi: str) -> None:
        self._find(step, Verdict.TAMPERED, code, en, vi)

    def _try(self, step: int, code: str, check: Callable[[], object]) -> bool:
        """Run one check of a presented thing: whatever it refuses, malformed or untrue, was changed or forged."""
        try:
            check()
        except SogocError as error:
            self._false(step, code, error.en, error.vi)
            return False
        return True

    # -- step 1 ---------------------------------------------------------------------------------------------------

    def step_1(self) -> None:
        self.checks[0].ran = True
        self._fact(1, "issuer", self.credential.institution, PRESENTED)
        self._fact(1, "schema", self.credential.schema.id, PRESENTED)

    # -- step 5: checkpoints and the links between them -------------------------------------------------------------

    def open_checkpoints(self, own: Fresh | None) -> None:
        theirs = self.presented.fresh
        note = self.presented.lasting.checkpoint
        if note is None:
            self._missing(5, "no-checkpoint", "no checkpoint holds the diploma", "không có điểm chốt nào cho văn bằng")
        if note is None and theirs is None and own is None:
            return
        self.checks[4].ran = True
        if self.policy.seen is not None:
            self.roots[self.policy.seen.size] = self.policy.seen.root
            self.signed.add(self.policy.seen.size)
        self.lasting_head = self._open(note) if note is not None else None
        if theirs is None:
            their_head = None
        elif theirs.checkpoint == note and self.lasting_head is not None:
            their_head = self.lasting_head  # a new diploma comes with one checkpoint for both of its halves
        else:
            their_head = self._open(theirs.checkpoint)
        own_head = self._open(own.checkpoint) if own else None
        for observation in self.policy.anchors:
            self.roots.setdefault(observation.size, observation.root)
        if not self._follow_links((*(theirs.links if theirs else ()), *(own.links if own else ()))):
            return
        if own is not None and own_head is not None and not self._theirs_is_newer(theirs, own, their_head, own_head):
            self.fresh, self.head, self.fresh_source = own, own_head, FRESH_FILE
        elif theirs is not None and their_head is not None:
            self.fresh, self.head = theirs, their_head
        if self.head is None:
            self.head = self.lasting_head
        if self.head and self.lasting_head and not self._joined(self.lasting_head, self.head):
            self._missing(
                5,
                "no-link",
                "nothing proves that the newest checkpoint continues the one under the diploma",
                "không có gì chứng minh điểm chốt mới nối tiếp điểm chốt của văn bằng",
            )
        if self.head is not None:
            source = self.fresh_source if self.fresh else PRESENTED
            self._fact(5, "newest checkpoint", f"size {self.head.size}", source)

    def _open(self, note: str) -> Checkpoint | None:
        try:
            checkpoint = shared.read_checkpoint(note)
            if checkpoint.origin != self.policy.origin:
                self._find(
                    5,
                    Verdict.UNKNOWN_ISSUER,
                    "other-log",
                    "the checkpoint is of a log that this policy does not trust",
                    "điểm chốt thuộc nhật ký không có trong chính sách tin cậy",
                )
                return None
            by_log, witnessed = shared.signed_by(note, self.policy.log, self.policy.witnesses)
        except (MalformedError, VerificationError) as error:
            self._false(5, "checkpoint", error.en, error.vi)
            return None
        if not by_log:
            self._missing(5, "log-signature", "a required key of the log did not sign", "thiếu một chữ ký của nhật ký")
            return None
        if witnessed < self.policy.quorum:
            self._missing(5, "witnesses", "too few witnesses signed", "chưa đủ bên chứng kiến ký")
            return None
        known = self.roots.setdefault(checkpoint.size, checkpoint.root)
        if known != checkpoint.root:
            self._false(5, "fork", "the log signed two trees of one size", "nhật ký đã ký hai cây khác nhau cùng cỡ")
            return None
        self.signed.add(checkpoint.size)
        return checkpoint

    def _follow_links(self, links: Sequence[evidence.Link]) -> bool:
        for link in links:
            old, new = self.roots.get(link.start), self.roots.get(link.end)
            if old is None or new is None:
                continue  # a pack for many diplomas carries links to sizes that do not matter here
            try:
                merkle.verify_consistency(
                    old_size=link.start, old_root=old, new_size=link.end, new_root=new, proof=link.proof
                )
            except (ProofError, MalformedError):
                if not {link.start, link.end} <= self.signed:
                    continue  # an anchor alone proves nothing; step 7 will miss this link
                self._false(
                    5,
                    "not-consistent",
                    "two checkpoints are not one growing tree",
                    "hai điểm chốt không thuộc cùng một cây",
                )
                return False
            self.linked.setdefault(link.start, set()).add(link.end)
        return True

    def _joined(self, old: Checkpoint, new: Checkpoint) -> bool:
        return self._reaches(old.size, new.size)

    def _reaches(self, start: int, end: int) -> bool:
        """Say whether consistency proofs lead from the tree of size `start` to that of size `end`."""
        seen, todo = {start}, [start]
        while todo:
            size = todo.pop()
            if size == end:
                return True
            for further in self.linked.get(size, set()) - seen:
                seen.add(further)
                todo.append(further)
        return False

    def _theirs_is_newer(
        self, theirs: Fresh | None, own: Fresh, their_head: Checkpoint | None, own_head: Checkpoint
    ) -> bool:
        if theirs is None or their_head is None or theirs.state is None or own.state is None:
            return False
        return theirs.state.index > own.state.index and self._joined(own_head, their_head)

    # -- step 6: leaf and batch under the root ----------------------------------------------------------------------

    def place_leaf_and_batch(self) -> None:
        half = self.presented.lasting
        if half.leaf is None or half.batch is None or self.lasting_head is None:
            self._missing(
                6, "no-proof", "the proof that it stands in the log is absent", "thiếu bằng chứng có trong nhật ký"
            )
            return
        self.checks[5].ran = True
        leaf = self._logged(6, half.leaf, self.lasting_head, read=shared.entry_under)
        batch = self._logged(6, half.batch, self.lasting_head)
        if leaf is None or batch is None:
            return
        if not isinstance(leaf, entry.Qualification) or not isinstance(batch, entry.Batch):
            self._false(
                6, "not-a-leaf", "the entry shown is not of a qualification", "mục trong nhật ký không phải văn bằng"
            )
            return
        if leaf.batch != shared.batch_leaf(half.batch.entry) or leaf.institution != batch.institution:
            self._false(6, "other-batch", "the entry belongs to another batch", "mục này thuộc một đợt cấp khác")
            return
        if isinstance(leaf, entry.Issue):
            position = half.leaf.index - half.batch.index - 1
            if half.path is None:
                self._missing(
                    6, "no-batch-path", "its place in the batch is not proven", "thiếu bằng chứng vị trí trong đợt cấp"
                )
                return
            path = half.path
            if not self._try(
                6,
                "not-in-batch",
                lambda: merkle.verify_inclusion(
                    leaf=merkle.leaf_hash(entry.pair(leaf.commitment, leaf.status)),
                    index=position,
                    size=batch.count,
                    proof=path,
                    root=batch.root,
                ),
            ):
                return
        elif half.leaf.index <= half.batch.index:
            self._false(6, "order", "an amendment stands before its batch", "mục chỉnh sửa đứng trước đợt cấp")
            return
        self.leaf, self.leaf_index = leaf, half.leaf.index
        self.batch, self.batch_index, self.batch_bytes = batch, half.batch.index, half.batch.entry
        self._fact(6, "log index", half.leaf.index, PRESENTED)
        self._fact(6, "batch", f"index {half.batch.index}, {batch.count} qualifications", PRESENTED)
        self._say_provenance(batch)
        if isinstance(leaf, entry.Successor):
            self._fact(6, leaf.act, f"by a decision of {leaf.on}", PRESENTED)
            self.notes.append(remarks.later_version(leaf))
        self._bracket(half.after, half.before, half.leaf.index)

    def _say_provenance(self, batch: entry.Batch) -> None:
        en, vi = remarks.PROVENANCE[batch.provenance]
        self._fact(6, "provenance", f"{batch.provenance}: {en}", PRESENTED)
        if batch.provenance == "D":
            self._missing(6, "disputed", f"{en}: ask the institution", f"{vi}: hãy hỏi cơ sở cấp")
        elif batch.provenance != "A":
            self.notes.append(remarks.provenance(batch.provenance))

    def _logged(
        self,
        step: int,
        logged: Logged,
        head: Checkpoint,
        *,
        read: Callable[[Logged, int, bytes], entry.Entry] | None = None,
    ) -> entry.Entry | None:
        """Read an entry of the log. With `read` it is one of this diploma alone, which nobody will ask for again."""
        try:
            return (read or shared.shared_entry)(logged, head.size, head.root)
        except (ProofError, MalformedError) as error:
            self._false(step, "not-in-log", error.en, error.vi)
            return None

    def _bracket(self, after: Logged | None, before: Logged | None, index: int) -> None:
        """Tell when the leaf was logged: between the state entries around it. Nothing is decided by these times."""
        if self.lasting_head is None:
            return
        for name, logged, in_order in (
            ("logged after", after, after is not None and after.index < index),
            ("logged before", before, before is not None and before.index > index),
        ):
            if logged is None:
                continue
            found = self._logged(6, logged, self.lasting_head)
            if found is None:
                return
            if not isinstance(found, entry.State) or not in_order:
                self._false(
                    6, "log-time", "the log time is not proven by these entries", "thời điểm vào nhật ký không đúng"
                )
                return
            self.times[name.replace(" ", "_")] = at = entry.write_time(found.at)
            self._fact(6, name, at, PRESENTED)

    # -- state and page: proofs of step 8 ------------------------------------------------------------------------------

    def read_state(self) -> None:
        if self.fresh is None or self.fresh.state is None or self.head is None:
            self._missing(
                8, "no-state", "the evidence holds no state of the register", "hồ sơ không có trạng thái sổ gốc"
            )
            return
        self.checks[7].ran = True
        found = self._logged(8, self.fresh.state, self.head)
        if found is None:
            return
        if not isinstance(found, entry.State):
            self._false(8, "not-a-state", "the entry shown is not a state", "mục này không phải trạng thái")
            return
        self.state, self.state_index = found, self.fresh.state.index

    def read_page(self) -> None:
        if self.fresh is None:
            return
        for content, path in self.fresh.authorities:
            try:
                page = shared.read_page(content)
            except MalformedError as error:
                self._false(3, "page", error.en, error.vi)
                return
            if page.code == self.credential.institution:
                self.page, self.page_bytes = page, content
                self._place_page(content, page, path)
                self._read_keeper(page)
                return

    def _read_keeper(self, page: Page) -> None:
        """Find the page of who keeps the issuer's register, when somebody else does: under the same state, or not at all."""
        if page.custodian == page.ordinal or self.fresh is None:
            return
        for content, path in self.fresh.authorities:
            try:
                other = shared.read_page(content)
            except MalformedError as error:
                self._false(3, "page", error.en, error.vi)
                return
            if other.ordinal == page.custodian:
                if self._place_page(content, other, path):
                    self.keeper, self.keeper_bytes = other, content
                return

    def _place_page(self, content: bytes, page: Page, path: tuple[bytes, ...]) -> bool:
        state = self.state
        if state is None:
            return False
        return self._try(
            8,
            "page-not-in-state",
            lambda: shared.page_under(content, page.ordinal, path, state.authority_size, state.authority_root),
        )

    # -- step 2 -------------------------------------------------------------------------------------------------------

    def step_2(self) -> None:
        if self.printed is not None and self.printed.state == "broken":
            self._false(
                2,
                "page-changed",
                "the PDF was changed after it was signed",
                "tệp PDF đã bị thay đổi sau khi ký",
            )
        if not self.credential.header_is_ours:
            self._false(2, "header", "the header does not say ES256", "phần đầu không dùng ES256")
            return
        if self.page is None:
            self._missing(
                2,
                "no-page",
                "no authority page says which keys the issuer has",
                "không có trang thẩm quyền cho biết khóa của nơi cấp",
            )
            return
        key = shared.key_of(self.page_bytes, self.credential.kid)
        if key is None:
            return  # step 3 says that this key is none of the issuer's
        self.checks[1].ran = True
        if self._try(2, "signature", lambda: self.credential.verify(key.jwk)):
            self._fact(2, "key", f"{key.kid} ({key.holder})", self.fresh_source)
        if self.printed is not None and self.printed.state != "broken":
            self._check_print(self.page, self.printed)

    def _check_print(self, page: Page, printed: PrintedPage) -> None:
        # The time of a page's signature is only the signer's word, so a key that was ever cut signs no page.
        trusted = [dict(key.jwk) for key in page.keys if key.until is None]
        if printed.state != "intact" or printed.signer is None or dict(printed.signer) not in trusted:
            self._missing(
                2,
                "page-not-signed",
                "the printed page is not signed by the issuer: believe only the fields listed here",
                "trang in không có chữ ký của nơi cấp: chỉ tin các trường liệt kê ở đây",
            )
        else:
            self._fact(2, "printed page", "signed by the issuer over the whole file", PRESENTED)

    # -- step 3 -------------------------------------------------------------------------------------------------------

    def step_3(self) -> None:
        page = self.page
        if page is None:
            self._missing(
                3,
                "no-page",
                "no authority page says what the issuer may award",
                "không có trang thẩm quyền của nơi cấp",
            )
            return
        try:
            signer = shared.page_signer(
                self.page_bytes, tuple(map(shared.hashable, self.policy.ministry)), self.policy.origin
            )
        except SignatureError as error:
            self._false(3, "page-signature", error.en, error.vi)
            return
        if signer is None:
            self._unknown(
                "ministry",
                "no ministry that this policy trusts has accredited this issuer",
                "không có bộ nào trong chính sách tin cậy công nhận nơi cấp này",
            )
            return
        self.page_trusted = True
        self._fact(3, "authority page", f"version {page.version}, signed by {self.policy.name}", self.fresh_source)
        if page.custodian != page.ordinal and not self._say_keeper(page.custodian):
            return
        if self.credential.origin != self.policy.origin:
            self._unknown("origin", "the credential is of another archive", "văn bằng thuộc kho lưu trữ khác")
            return
        key = shared.key_of(self.page_bytes, self.credential.kid)
        if key is None:
            self._unknown("key", "the signing key is none of the issuer's", "khóa ký không thuộc nơi cấp")
            return
        if self.leaf is None or self.batch is None or self.leaf_index is None or self.batch_index is None:
            self._missing(
                3, "no-place", "its place in the log is not established", "chưa xác định vị trí trong nhật ký"
            )
            return
        if page.ordinal != self.leaf.institution:
            self._false(3, "other-institution", "the log names another institution", "nhật ký ghi cơ sở giáo dục khác")
            return
        place = self.leaf_index if isinstance(self.leaf, entry.Successor) else self.batch_index
        if not key.covers(place):
            self._not_in_force()
            return
        if key.until is not None:
            self.notes.append(remarks.key_ended(key.until))
        self._check_powers(self.batch)

    def _say_keeper(self, ordinal: int) -> bool:
        """Name who keeps the register today; False when the page that says so was forged."""
        if self.keeper is not None:
            try:
                ministry = tuple(map(shared.hashable, self.policy.ministry))
                if shared.page_signer(self.keeper_bytes, ministry, self.policy.origin) is None:
                    self.keeper = None  # nobody this verifier trusts vouches for it: as if it were not there
            except SignatureError as error:
                self._false(3, "page-signature", error.en, error.vi)
                return False
        name = self.keeper.newest_name if self.keeper is not None else None
        if self.keeper is None or name is None:
            vi, en = f"cơ sở số {ordinal}", f"institution {ordinal}"
        else:
            vi, en = f"{name.vi} ({self.keeper.code})", f"{name.en} ({self.keeper.code})"
        self._fact(3, "register kept by", vi, self.fresh_source)
        self.notes.append(remarks.kept_by(en, vi))
        return True

    def _not_in_force(self) -> None:
        self._unknown(
            "key-not-in-force",
            "the signing key was not in force at this place of the log",
            "khóa ký không còn hiệu lực tại vị trí này trong nhật ký",
        )

    def _unknown(self, code: str, en: str, vi: str) -> None:
        self._find(3, Verdict.UNKNOWN_ISSUER, code, en, vi)

    def _check_powers(self, batch: entry.Batch) -> None:
        shown = self.opened
        if shown is None:
            return  # step 4 has said why, and this one is then not run
        self.checks[2].ran = True
        if not self.credential.schema.always_shown <= shown.keys():
            self._missing(
                3, "hidden", "a field that decides the power is hidden", "một trường quyết định thẩm quyền bị ẩn"
            )
            return
        on, programme = shown["awarded_on"], shown["programme"]
        modes: Sequence[str | None] = (
            [shown["mode"]] if "mode" in shown else shared.modes(self.batch_bytes, programme) or [None]
        )
        for mode in modes:
            powers = shared.powers(self.page_bytes, shown["kind"], shown["level"], programme, mode, on)
            if not powers and not self._overridden(batch, programme):
                self._unknown(
                    "no-power",
                    "the issuer had no power to award this on that day",
                    "nơi cấp không có thẩm quyền cấp văn bằng này vào ngày đó",
                )
                return
            titles = {power.name for power in powers} - {None}
            if titles and shown.get("programme_name", next(iter(titles))) not in titles:
                self._unknown(
                    "programme-name", "the programme is named otherwise", "tên ngành không đúng với thẩm quyền"
                )
                return
            for power in powers[:1]:
                self._fact(3, "legal basis", power.legal_basis, self.fresh_source)
        names, _ = shared.names(self.page_bytes, on)
        if "institution_name" in shown and shown["institution_name"] not in names:
            self._unknown(
                "name", "the issuer did not bear this name on that day", "nơi cấp không mang tên này vào ngày đó"
            )

    def _overridden(self, batch: entry.Batch, programme: str) -> bool:
        """Say whether the ministry let this pass: it signed the batch, and what follows in it, which could name any batch."""
        signed = [batch, self.leaf] if isinstance(self.leaf, entry.Successor) else [batch]
        if override.set_aside("power", programme) not in batch.override or not all(map(self._by_ministry, signed)):
            return False
        self._fact(3, "override", "awarded past the powers by the ministry, publicly", PRESENTED)
        return True

    def _by_ministry(self, statement: entry.Statement) -> bool:
        for jwk in self.policy.ministry:
            try:
                statement.verify(jwk, origin=self.policy.origin)
            except SignatureError:
                continue
            return True
        return False

    # -- step 4 -------------------------------------------------------------------------------------------------------

    def open_fields(self) -> None:
        credential = self.credential
        try:
            self.opened = commitment.open_slots(credential.schema, credential.slots, credential.disclosures)
        except (MalformedError, VerificationError) as error:
            self._false(4, "disclosure", error.en, error.vi)

    def step_4(self) -> None:
        credential, shown = self.credential, self.opened
        if shown is None:
            return
        if not credential.schema.always_shown <= shown.keys():
            hidden = [name for name in credential.schema.names if name in credential.schema.always_shown - shown.keys()]
            self._missing(
                4, "hidden", f"fields that can never be hidden are hidden: {', '.join(hidden)}",
                f"các trường không được ẩn đã bị ẩn: {', '.join(hidden)}",
            )  # fmt: skip
            return
        if self.printed is not None and "holder_name" not in shown:
            self._missing(4, "nobody", "a PDF that names nobody", "tệp PDF không nêu tên người được cấp")
            return
        if self.leaf is None or self.batch is None:
            self._missing(4, "no-leaf", "there is no logged entry to compare with", "không có mục nhật ký để đối chiếu")
            return
        self.checks[3].ran = True
        for code, same in self._comparisons(shown, self.leaf, self.batch):
            if not same:
                self._false(
                    4, code, f"the {code.replace('-', ' ')} is not what was logged", "nội dung không đúng với nhật ký"
                )
        if not self.checks[3].findings:
            self.fields = {name: shown[name] for name in credential.schema.names if name in shown}
            self._fact(4, "fields shown", f"{len(shown)} of {len(credential.schema.fields)}", PRESENTED)

    def _comparisons(
        self, shown: Mapping[str, str], leaf: entry.Qualification, batch: entry.Batch
    ) -> tuple[tuple[str, bool], ...]:
        credential = self.credential
        cells, merged = shared.cells(self.batch_bytes, shown["programme"])
        intakes = [intake for mode, intake in cells if shown.get("mode", mode) == mode]
        # A decision may have corrected mode or intake since: the public tally is that of the award.
        free = merged or isinstance(leaf, entry.Successor)
        return (
            ("commitment", credential.commitment == leaf.commitment),
            ("status-place", credential.status == leaf.status),
            ("schema", credential.schema.id == batch.schema),
            ("institution", shown["institution"] == credential.institution),
            ("kind", shown["kind"] == credential.schema.kind),
            ("level", shown["level"] == batch.level),
            ("decision", (shown["decision_number"], shown["decided_on"]) == (batch.decision_number, batch.decided_on)),
            ("award-date", shown["awarded_on"] == batch.awarded_on),
            ("programme", merged or bool(cells)),
            ("mode", "mode" not in shown or free or any(mode == shown["mode"] for mode, _ in cells)),
            ("intake", "admitted_on" not in shown or free or shown["admitted_on"][:4] in intakes),
        )

    # -- step 6, second half: who signed the batch or the amendment --------------------------------------------------

    def check_batch_signature(self) -> None:
        leaf, batch = self.presented.lasting.leaf, self.presented.lasting.batch
        if self.leaf is None or self.batch is None or leaf is None or batch is None:
            return
        if self.page is None or not self.page_trusted:
            self._missing(6, "no-key", "nobody says whose key signed the batch", "không rõ khóa nào ký đợt cấp")
            return
        self._signed_by_issuer(batch, shared.batch_signer(batch.entry, batch.index, self.page_bytes))
        if isinstance(self.leaf, entry.Successor):
            ministry = [KeyWindow(jwk=jwk, holder=self.policy.name, start=0) for jwk in self.policy.ministry]
            self._signed_by_issuer(leaf, shared.signer(self.leaf, leaf.index, [*self.page.keys, *ministry]))

    def _signed_by_issuer(self, logged: Logged, key: KeyWindow | None) -> None:
        if key is None:
            self._false(
                6,
                "act-signature",
                "no key of the issuer signed the batch or the amendment",
                "không có khóa nào của nơi cấp ký đợt cấp hoặc chỉnh sửa",
            )
            return
        jwk = shared.hashable(key.jwk)
        if (
            self._try(6, "act-signature", lambda: shared.check_statement(logged.entry, jwk, self.policy.origin))
            and not key.covers(logged.index)
            and all(finding.code != "key-not-in-force" for finding in self.checks[2].findings)
        ):
            self._not_in_force()

    # -- step 7 -------------------------------------------------------------------------------------------------------

    def step_7(self) -> None:
        head = self.head
        if not self.policy.anchors:
            self._missing(
                7,
                "not-observed",
                "this verifier has not observed any anchor: run `sogoc trust observe`",
                "bên kiểm tra chưa tự quan sát mốc nào trên chuỗi: chạy `sogoc trust observe`",
            )
            return
        if head is None:
            return
        self.checks[6].ran = True
        anchors = sorted(self.policy.anchors, key=lambda anchor: anchor.size)
        known = [anchor for anchor in anchors if self.roots.get(anchor.size) == anchor.root]
        contradicting = [
            anchor
            for anchor in anchors
            if anchor not in known and anchor.size in {head.size, self.lasting_head.size if self.lasting_head else -1}
        ]
        if contradicting or not known:
            self._missing(
                7,
                "contradiction",
                "an anchor that this verifier observed holds another root: alert the ministry",
                "một mốc mà bên kiểm tra đã quan sát có gốc khác: hãy báo cho Bộ",
            )
            return
        holding = next(
            (anchor for anchor in known if anchor.size >= head.size and self._reaches(head.size, anchor.size)), None
        )
        if holding is not None:
            self._anchored(holding)
            return
        if known[-1].size > head.size:
            self._missing(
                7,
                "no-link",
                "a later anchor was observed and nothing links to it: bring a fresh half",
                "đã quan sát mốc mới hơn nhưng không có gì nối tới: hãy lấy phần cập nhật mới",
            )
            return
        self._pending(known[-1], head)

    def _anchored(self, anchor: Observation) -> None:
        for name, value in (
            ("chain", f"{anchor.chain_id}, contract {anchor.contract}"),
            ("anchor", f"sequence {anchor.sequence}, size {anchor.size}, block {anchor.block_number}"),
            ("endpoints", ", ".join(anchor.endpoints)),
        ):
            self._fact(7, name, value, POLICY)

    def _pending(self, last: Observation, head: Checkpoint) -> None:
        self._anchored(last)
        age = self.now.timestamp() - last.time
        if not self._reaches(last.size, head.size):
            self._missing(
                7,
                "no-link",
                "nothing links the log to the last observed anchor",
                "không có gì nối nhật ký với mốc gần nhất",
            )
        elif age > self.policy.max_anchor_age.total_seconds():
            self._missing(7, "anchor-too-old", "the last observed anchor is too old", "mốc quan sát gần nhất đã quá cũ")
        else:
            self._find(
                7,
                Verdict.PENDING,
                "pending",
                "newer than the last observed anchor, and consistent with it",
                "mới hơn mốc quan sát gần nhất và nhất quán với mốc đó",
            )

    # -- step 8 -------------------------------------------------------------------------------------------------------

    def step_8(self) -> None:
        state, leaf = self.state, self.leaf
        if state is None or self.state_index is None or self.fresh is None:
            return
        if leaf is None or self.leaf_index is None:
            self._missing(
                8, "no-leaf", "the place of its status is not established", "chưa xác định được vị trí tình trạng"
            )
            return
        self.times["status_as_of"] = at = entry.write_time(state.at)
        self._fact(8, "status as of", at, self.fresh_source)
        self._check_age(state, self.state_index, self.leaf_index)
        if self.page is None:
            self._missing(
                8, "no-page", "no authority page under the state", "không có trang thẩm quyền theo trạng thái"
            )
        listed = next((one for one in self.fresh.statuses if one[0] == leaf.status[0]), None)
        if listed is None:
            self._missing(8, "no-list", "the status list is absent", "thiếu danh sách tình trạng")
            return
        number, packed, path = listed
        try:
            table, leaf_hash = shared.read_list(number, packed)
            shared.list_under(leaf_hash, number, path, state.status_size, state.status_root)
        except (MalformedError, ProofError) as error:
            self._false(8, "list", error.en, error.vi)
            return
        now = table[leaf.status[1]]
        self._fact(8, "status", now.name.lower(), self.fresh_source)
        self._say_status(now)

    def _check_age(self, state: entry.State, index: int, leaf_index: int) -> None:
        seen = self.policy.seen
        if state.at > self.now + CLOCK_DIFFERENCE:
            self._missing(
                8, "future", "the state is from the future: check the clock", "trạng thái ở tương lai: kiểm tra đồng hồ"
            )
        elif self.now - state.at > self.policy.max_status_age:
            self._missing(
                8,
                "stale",
                f"the status is as of {entry.write_time(state.at)}, older than this policy allows: bring a fresh half",
                f"tình trạng tính đến {entry.write_time(state.at)}, cũ hơn mức cho phép: hãy lấy phần cập nhật mới",
            )
        if index <= leaf_index:
            self._missing(8, "before-leaf", "the state is older than the diploma", "trạng thái có trước văn bằng")
        if seen is not None and (index < seen.index or state.at < seen.at):
            self._missing(
                8,
                "rolled-back",
                "this verifier has already seen a later state",
                "bên kiểm tra đã thấy trạng thái mới hơn",
            )

    def _say_status(self, now: status.Status) -> None:
        if now is status.Status.VALID:
            return
        act = self._act_behind(now)
        verdict, en, vi = {
            status.Status.REVOKED: (Verdict.REVOKED, "revoked", "đã bị thu hồi, hủy bỏ"),
            status.Status.SUSPENDED: (Verdict.SUSPENDED, "suspended", "đang tạm dừng hiệu lực"),
            status.Status.SUPERSEDED: (
                Verdict.SUPERSEDED,
                "amended or issued again, a newer version exists",
                "đã chỉnh sửa hoặc cấp lại, có bản mới",
            ),
        }[now]
        self._find(8, verdict, now.name.lower(), en + act[0], vi + act[1])

    def _act_behind(self, now: status.Status) -> tuple[str, str]:
        """Return the words for the decision behind a status, if evidence brings the act and it is in the log."""
        if self.fresh is None or self.head is None:
            return "", ""
        for act in self.fresh.acts:
            found = self._logged(8, act.logged, self.head)
            if not isinstance(found, entry.StatusAct | entry.Successor):
                continue
            concerned = found.follows if isinstance(found, entry.Successor) else found.target
            if concerned != self.leaf_index or found.act not in _ACTS_BEHIND[now]:
                continue
            number = ""
            if act.decision_number is not None and act.salt is not None:
                if commitment.blind_decision(act.decision_number, act.salt) != found.decision:
                    self._false(8, "decision", "the decision shown is another one", "số quyết định không đúng")
                    continue
                number = f" {act.decision_number}"
            self._fact(8, "act", f"{found.act}, log index {act.logged.index}", self.fresh_source)
            why, why_vi = ("", "") if isinstance(found, entry.Successor) else remarks.reason(found.wording, found.on)
            return (
                f" by decision{number} of {found.on}" + (f": {why}" if why else ""),
                f" theo quyết định{number} ngày {found.on}" + (f": {why_vi}" if why_vi else ""),
            )
        return "", ""

    # -- the end ------------------------------------------------------------------------------------------------------

    def report(self) -> Report:
        failed = [check for check in self.checks if not check.passed]
        verdict = worst([check.verdict for check in failed])
        shown = self.fields if all(check.step > 4 for check in failed) else None
        if shown is not None:
            self.times["awarded_on"] = shown["awarded_on"]
            # By the later state: whoever presents may choose another one after the entry, and it only looks later then.
            logged = self.times.get("logged_before")
            self.notes += shared.late(shown["awarded_on"], logged)
        issuer = {}
        if self.page is not None and self.page_trusted and shown is not None:
            asked = tuple((name, shown[name]) for name in remarks.ASKED_BY_LAW if name in shown)
            self.notes += shared.against_law(self.page_bytes, asked)
            _, name = shared.names(self.page_bytes, shown["awarded_on"])
            issuer = {"code": self.page.code} | ({"vi": name.vi, "en": name.en} if name else {})
        return Report(
            verdict=verdict,
            checks=tuple(self.checks),
            claims=shown or {},
            notes=tuple(self.notes),
            trial=self.policy.trial,
            issuer=issuer,
            times=self.times,
        )

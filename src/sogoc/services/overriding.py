"""Two officers of the ministry let a batch pass in spite of rules of the gate: by name, with a reason, and in public.

The log names the rules and carries the ministry's signature beside the institution's. The reason stays in the register.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from sogoc.core import law, override
from sogoc.errors import AlreadyInRegister, FourEyes, InputError, WrongState
from sogoc.register.models import Batch, Override
from sogoc.services import access, audit, gate, notices

_OPEN = (Batch.State.DRAFT, Batch.State.SUBMITTED)


@transaction.atomic
def request(*, batch: Batch, rules: Collection[str], reason: str, by: User, now: datetime) -> Override:
    """One officer asks that a batch may pass in spite of these rules. It changes nothing until another one grants it.

    A power is set aside for the programmes that lack it now, by name, and for no other that the batch might get.

    Raises: NotAllowed; InputError without a reason, and for a rule that nobody may set aside or that the batch does not break;
    WrongState once the batch was approved; AlreadyInRegister when it was asked before.
    """
    access.require(by, "override", None)
    batch = _held(batch)
    if not reason.strip():
        raise InputError("an override has a reason", "cho qua ngoại lệ phải có lý do")
    if Override.objects.filter(batch=batch).exists():
        raise AlreadyInRegister(
            "an override was asked for this batch already", "đợt cấp này đã có đề nghị cho qua",
            mend="Another officer grants it.", mend_vi="Một cán bộ khác của Bộ sẽ duyệt.",
        )  # fmt: skip
    refusals = gate.examine(batch, now=now).refusals
    broken = {one.rule for one in refusals}
    for rule in sorted(set(rules)):
        if rule not in broken:
            raise InputError(f"the batch does not break the rule {rule}", f"đợt cấp không vi phạm quy tắc {rule}")
        if not law.gate(rule, batch.awarded_on).overridable:
            raise InputError(f"nobody may set the rule {rule} aside", f"không ai được cho qua quy tắc {rule}")
    if not rules:
        raise InputError("name the rules", "hãy nêu các quy tắc")
    named = sorted({gate.set_aside(one) for one in refusals if one.rule in rules})
    if len(named) > override.AT_MOST:
        raise InputError(
            f"{len(named)} rules and programmes, at most {override.AT_MOST} in one batch",
            f"{len(named)} quy tắc và ngành, mỗi đợt cấp tối đa {override.AT_MOST}",
            mend="Split the file.", mend_vi="Hãy chia tệp.",
        )  # fmt: skip
    made = Override.objects.create(batch=batch, rules=named, reason=reason, requested_by=by, requested_at=now)
    audit.note(by, "override.requested", batch.public_id, at=now, detail={"rules": made.rules})
    return made


@transaction.atomic
def grant(*, batch: Batch, by: User, now: datetime) -> Override:
    """A second officer grants what another one asked for. The batch then passes, and its entry in the log says by which override.

    Raises: NotAllowed; FourEyes for who asked; WrongState when nobody asked, or the batch was approved meanwhile.
    """
    access.require(by, "override", None)
    batch = _held(batch)
    asked = Override.objects.select_for_update().filter(batch=batch).first()
    if asked is None:
        raise WrongState("nobody asked for an override of this batch", "chưa ai đề nghị cho qua đợt cấp này")
    if asked.requested_by_id == by.pk:
        raise FourEyes(
            "who asked for an override may not grant it", "người đề nghị không được tự duyệt cho qua",
            mend="Another officer of the ministry grants it.", mend_vi="Cần một cán bộ khác của Bộ duyệt.",
        )  # fmt: skip
    if asked.granted_by_id is not None:
        return asked
    asked.granted_by, asked.granted_at = by, now
    asked.save(update_fields=["granted_by", "granted_at"])
    notices.tell(
        notices.INSTITUTION, "override.granted", institution=batch.institution, subject=batch.public_id,
        about={"rules": asked.rules}, now=now,
    )  # fmt: skip
    audit.note(by, "override.granted", batch.public_id, at=now, detail={"rules": asked.rules})
    return asked


def _held(batch: Batch) -> Batch:
    batch.institution.hold()
    batch = Batch.objects.select_for_update(of=("self",)).select_related("institution", "decision").get(pk=batch.pk)
    if batch.state not in _OPEN:
        raise WrongState("the batch is past the gate", "đợt cấp đã qua cửa kiểm soát")
    return batch

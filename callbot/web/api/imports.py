"""Lists that were taken in, and what they refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import FileResponse

from callbot.store import import_runs
from callbot.store.audit import Deed
from callbot.web.access.admission import needs
from callbot.web.access.permission import Permission
from callbot.web.access.principal import Principal
from callbot.web.refusal import missing
from callbot.web.shapes.batches import ImportOut
from callbot.web.site import Here

router = APIRouter(prefix="/api/imports", tags=["imports"])
Reader = Annotated[Principal, needs(Permission.IMPORT_READ)]


@router.get("")
async def list_imports(site: Here, who: Reader) -> list[ImportOut]:
    """Lists that were taken in, the newest first."""
    async with site.db.read() as session:
        return [ImportOut.model_validate(run) for run in await import_runs.recent(session)]


@router.get(
    "/{run_id}/rejected.csv", response_class=FileResponse, responses={200: {"content": {"text/csv": {}}}}
)
async def rejected_rows(site: Here, who: Reader, run_id: str) -> FileResponse:
    """What an import refused, with reason and cure. Rows hold whole numbers: fetching them is audited."""
    async with site.db.read() as session:
        run = await import_runs.get(session, run_id)
    if run is None:
        raise missing("import")
    file = Path(run.rejects)
    if not run.rejects or not file.is_file() or file.stat().st_size != run.rejects_size:
        raise missing("rejected rows")
    deed = Deed(action="import.rejected", about_kind="import", about_id=run.id, detail={"rows": run.rejected})
    async with site.db.write() as session:
        await site.audit.write(session, who.actor, deed, site.clock.now())
    return FileResponse(file, media_type="text/csv", filename=file.name)

"""Converts errors of the Hub's client, the network and the disk to `WeightsError` with a hint."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from animate_cli.errors import WeightsError
from animate_cli.hub import environment

UNAUTHORISED = (401, 403)
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def as_weights_error(what: str, repo: str, revision: str, *, otherwise: str) -> Iterator[None]:
    """Raise errors of the Hub's client and of the disk in the block as `WeightsError`.

    what: the current work, for the message; otherwise: the hint if the Hub cannot be reached.
    """
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        HTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    login = "log in with `hf auth login`, or set HF_TOKEN to a token that is allowed to"
    try:
        yield
    except GatedRepoError as error:
        hint = f"agree to its terms on the page of {repo}, then {login}"
        raise WeightsError(f"{what}: {repo} asks for your agreement", hint=hint) from error
    except RepositoryNotFoundError as error:
        message = f"{what}: the Hub has no {repo}, or it is private"
        raise WeightsError(message, hint=f"check the name; if it is private, {login}") from error
    except RevisionNotFoundError as error:
        message = f"{what}: {repo} has no revision {revision}"
        raise WeightsError(message, hint="name a branch, tag or commit that exists") from error
    except EntryNotFoundError as error:
        message = f"{what}: not in {repo} at revision {revision}"
        raise WeightsError(message, hint="check the file's name on the Hub's page") from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        hint = login if status in UNAUTHORISED else "try again later: the download resumes"
        raise WeightsError(f"{what}: the Hub answers {status}", hint=hint) from error
    except HTTPError as error:
        place = environment.hub_endpoint() or "the Hub"
        message = f"{what}: cannot reach {place} ({str(error) or type(error).__name__})"
        hint = f"check network, HTTPS_PROXY and HF_ENDPOINT; {otherwise}"
        raise WeightsError(message, hint=hint) from error
    except HFValidationError as error:
        hint = "repositories are called org/name, files hf://org/name/file@revision"
        raise WeightsError(f"{what}: {error}", hint=hint) from error
    except OSError as error:
        raise _disk_error(what, error) from error


def _disk_error(what: str, error: OSError) -> WeightsError:
    folder = environment.hub_cache_dir()
    if error.errno in DISK_FULL:
        message = f"{what}: the disk of {folder} is full"
        return WeightsError(message, hint="make room, or choose another disk with HF_HOME")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST):
        message = f"{what}: cannot be kept in {folder} ({error.strerror})"
        return WeightsError(message, hint="choose a folder that can be written with HF_HOME")
    return WeightsError(f"{what}: {error}", hint="try again: the download resumes")

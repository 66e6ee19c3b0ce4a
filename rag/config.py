"""Settings: command line over environment (YINZHENG_…) over defaults."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a user may set once for all commands. Unknown YINZHENG_ variables are left alone."""

    model_config = SettingsConfigDict(env_prefix="YINZHENG_", extra="ignore", frozen=True)

    library: Path = Path("library")
    encoder: str = ""
    reranker: str = ""
    llm: str = "extractive"
    base_url: str = ""
    # The key of the server at `base_url`, or of a service without a key of its own name.
    api_key: SecretStr = SecretStr("")
    key_file: Path | None = None  # where rag.llm.keys looks instead of the user's own folder
    # Of the page when it is shared; they stand in no command line, which others could list.
    guest_password: SecretStr = SecretStr("")
    owner_password: SecretStr = SecretStr("")

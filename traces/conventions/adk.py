"""Google's Agent Development Kit: GenAI keys; requests and answers as the Gemini API has them."""

from __future__ import annotations

KEYS = {
    "gcp.vertex.agent.llm_request": "request_body",
    "gcp.vertex.agent.llm_response": "response_body",
    "gcp.vertex.agent.tool_call_args": "input", "gcp.vertex.agent.tool_response": "output",
    "gcp.vertex.agent.session_id": "session_id",
}  # fmt: skip
TREES = ("gcp.vertex.agent.",)

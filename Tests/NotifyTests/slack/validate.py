"""Reads payloads, a line of JSON each, and says what Slack's own models say of their blocks: a line each, `ok` or why not."""

import json
import sys

from slack_sdk.models.blocks import Block

with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        blocks = json.loads(line)["blocks"]
        try:
            if not 0 < len(blocks) <= 50:
                raise ValueError(f"{len(blocks)} blocks")
            for block in blocks:
                model = Block.parse(block)
                if model is None:
                    raise ValueError(f"no such block: {block.get('type')}")
                model.validate_json()
                # Parsed and written again it is the same: no key that the models do not know was dropped.
                if model.to_dict() != block:
                    raise ValueError(f"not understood whole: {block} became {model.to_dict()}")
            print("ok")
        except Exception as fault:  # whatever the models throw is what they have to say
            print(type(fault).__name__, str(fault).replace("\n", " ")[:300])

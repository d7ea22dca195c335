from klio_core.config import FileEventInput, FileEventOutput, PubSubEventInput, PubSubEventOutput

TOPIC = "projects/p/topics/topic"
SUBSCRIPTION = "projects/p/subscriptions/sub"


def test_a_subscription_is_read_rather_than_its_topic() -> None:
    assert PubSubEventInput(topic=TOPIC).to_io_kwargs() == {"topic": TOPIC}
    assert PubSubEventInput(topic=TOPIC, subscription=SUBSCRIPTION).to_io_kwargs() == {"subscription": SUBSCRIPTION}
    assert PubSubEventOutput(topic=TOPIC, name="out", keep_payload=True).to_io_kwargs() == {"topic": TOPIC}


def test_files_are_read_and_written_with_beams_names_of_the_arguments() -> None:
    read = FileEventInput(location="x", name="ids", format="raw", validate=False)
    assert read.to_io_kwargs() == {
        "file_pattern": "x",
        "compression_type": "auto",
        "strip_trailing_newlines": True,
        "validate": False,
        "skip_header_lines": 0,
        "min_bundle_size": 0,
    }
    assert FileEventOutput(location="x", header="h").to_io_kwargs() == {
        "file_path_prefix": "x",
        "file_name_suffix": "",
        "append_trailing_newlines": True,
        "num_shards": 0,
        "compression_type": "auto",
        "header": "h",
    }


def test_a_key_named_like_a_method_of_pydantics_is_the_value() -> None:
    assert FileEventInput(location="x", validate=False).validate is False
    assert FileEventInput(location="x", validate=False).as_dict()["validate"] is False
    assert FileEventInput(location="x").model_dump()["validate_"] is True

"""What people do with each command: the examples at the end of its --help, and of its section in the reference."""

from __future__ import annotations

_EXAMPLES = {
    "klio config schema": (("klio config schema --output .klio-job.schema.json", "for the editor"),),
    "klio dlq list": (
        ("klio dlq list --local", "what failed on this machine"),
        ("klio dlq list --reason timeout", "what took too long"),
    ),
    "klio dlq show": (("klio dlq show --local a.mp3", "why, with the traceback"),),
    "klio dlq replay": (
        ("klio dlq replay --reason timeout --dry-run", "what would be sent again"),
        ("klio dlq replay --element a.mp3 --yes", "send one again"),
    ),
    "klio dlq purge": (("klio dlq purge --older-than 30d", "give up on what is old"),),
    "klio graph show": (
        ("klio graph show separate mix", "how two jobs fit, and what does not"),
        ("klio graph show . --output graph.svg", "as a picture"),
    ),
    "klio graph run": (
        ("klio graph run separate mix --local a.mp3", "every job works"),
        ("klio graph run . --local --for mix a.mp3", "only what mix lacks"),
    ),
    "klio image build": (("klio image build", "unless it is there already"),),
    "klio image push": (("klio image push", "prints the name by digest"),),
    "klio image list": (("klio image list", ""),),
    "klio job audit": (
        ("klio job audit", "its files, and its tests under watch"),
        ("klio job audit --container", "the tests in its image"),
        ("klio job audit --format json", "for a program"),
    ),
    "klio job config get": (("klio job config get job_config.data.outputs[0].location", ""),),
    "klio job config set": (
        ("klio job config set job_config.timeout_s=600", ""),
        ("klio job config set job_config.events.inputs[0].topic=projects/p/topics/t", ""),
    ),
    "klio job config show": (("klio job config show -T ENV=staging", "what a run would use"),),
    "klio job config unset": (("klio job config unset job_config.timeout_s", "back to the default"),),
    "klio job create": (
        ("klio job create hello --use-defaults", "a streaming job"),
        ("klio job create words --template batch", "one that reads a file and ends"),
    ),
    "klio job delete": (("klio job delete --dry-run", "what would go, and what stays"),),
    "klio job deploy": (
        ("klio job deploy --drain", "finish what was read, then replace"),
        ("klio job deploy --update", "replace in place"),
        ("klio job deploy -n audio --dry-run", "what would be applied"),
    ),
    "klio job list": (("klio job list --all", "with those that have ended"),),
    "klio job logs": (
        ("klio job logs --follow", "until the job ends"),
        ("klio job logs --severity WARNING", "what went wrong"),
    ),
    "klio job profile collect-profiling-data": (("klio job profile collect-profiling-data 20", "the twenty slowest"),),
    "klio job profile cpu": (
        ("klio job profile cpu a.mp3 b.mp3", "where the time goes"),
        ("klio job profile cpu -i songs.txt --html a.html", "as a page"),
    ),
    "klio job profile lines": (("klio job profile lines -n 5 a.mp3", "the slow ones"),),
    "klio job profile memory": (
        ("klio job profile memory -i songs.txt --plot a.png", "as a picture"),
        ("klio job profile memory a.mp3 --html a.html", "as a flame graph"),
    ),
    "klio job profile memory-lines": (("klio job profile memory-lines a.mp3", "line by line"),),
    "klio job profile timeit": (("klio job profile timeit -n 20 a.mp3", "twenty times"),),
    "klio job run": (
        ("klio job run --local", "on this machine, with nothing else"),
        ("klio job run --local --workers 4", "in four processes"),
        ("klio job run --local --sample 5", "five elements, and what became of them"),
        ("klio job run --direct-runner", "in its image, against the cloud"),
        ("klio job run --dry-run", "the plan, without running it"),
    ),
    "klio job status": (
        ("klio job status", "how many, in which state"),
        ("klio job status a.mp3", "where one element is"),
        ("klio job status --state lost", "whose worker has died"),
    ),
    "klio job stop": (("klio job stop --drain", "finish what was read"),),
    "klio job test": (
        ("klio job test", ""),
        ("klio job test -- -k silence -x", "with arguments for pytest"),
        ("klio job test --container", "in its image"),
    ),
    "klio job verify": (
        ("klio job verify --offline", "the directory alone"),
        ("klio job verify --create-resources", "and make what is missing"),
    ),
    "klio local cp": (
        ("klio local cp a.mp3 b.mp3 gs://bucket/tracks/", "into the store"),
        ("klio local cp gs://bucket/mixes/ .", "out of it"),
    ),
    "klio local down": (("klio local down", "what it holds stays"),),
    "klio local env": (('eval "$(klio local env)"', "for programs that are no klio job"),),
    "klio local ls": (("klio local ls gs://bucket/mixes/", ""),),
    "klio local reset": (("klio local reset", ""),),
    "klio local status": (("klio local status", ""),),
    "klio local up": (
        ("klio local up", ""),
        ("klio local up --fault drop@pubsub.delivery,10%", "a network with holes"),
    ),
    "klio message explain": (
        ("klio message explain a.mp3 --local", "what would be done, and why"),
        ("klio message explain a.mp3 --graph jobs/", "by each job"),
    ),
    "klio message publish": (
        ("klio message publish --local --follow a.mp3", "and see it through"),
        ("klio message publish --file songs.txt", "a line for each element"),
        ("klio message publish --force a.mp3", "once more, although it is done"),
    ),
    "klio message tail": (("klio message tail --local -n 10", ""),),
    "klio top": (
        ("klio top", "in another terminal"),
        ("klio top --once", "one picture, for a script"),
    ),
}


def of(command: str) -> str:
    """Answer the examples of a command, such as `klio job run`, as click prints them; empty where there are none."""
    examples = _EXAMPLES.get(command, ())
    widest = max((len(line) for line, _ in examples), default=0)
    lines = [f"  {line:{widest}}  {said}".rstrip() for line, said in examples]
    return "\n".join(["\b", "Examples:", *lines]) if lines else ""

"""A meter on clocks that the test moves on by hand."""

from __future__ import annotations

import pytest

from klio_exec.profile.meter import Call, Meter


class Clocks:
    def __init__(self):
        self.wall = 0
        self.cpu = 0

    def pass_by(self, wall, cpu=0):
        self.wall += wall
        self.cpu += cpu


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def meter(clocks):
    return Meter(lambda: clocks.cpu, lambda: clocks.wall)


def figures(meter):
    return {
        one.name: (list(one.calls), (one.code.wall, one.code.cpu), (one.around.wall, one.around.cpu))
        for one in meter.transforms.values()
    }


def test_while_a_value_is_worked_on_by_the_next_transform_the_clock_of_the_first_stands(meter, clocks):
    load, mix = Call(meter.transform("Load")), Call(meter.transform("Mix"))

    meter.enter(load)
    clocks.pass_by(5, 4)
    meter.leave()  # hands a value on
    clocks.pass_by(100, 100)  # Beam
    meter.enter(mix)
    clocks.pass_by(20, 1)
    meter.leave()
    meter.end(mix)
    meter.enter(load)
    clocks.pass_by(2, 2)
    meter.leave()
    meter.end(load)

    assert figures(meter) == {"Load": ([7], (7, 6), (0, 0)), "Mix": ([20], (20, 1), (0, 0))}


def test_of_a_decorated_call_what_is_around_the_authors_code_is_klios(meter, clocks):
    call = Call(meter.transform("Load"))

    meter.enter(call)
    clocks.pass_by(3, 3)
    meter.on()
    clocks.pass_by(50, 40)
    meter.off()
    clocks.pass_by(4, 4)
    meter.leave()
    meter.end(call)

    assert figures(meter) == {"Load": ([50], (50, 40), (7, 7))}


def test_all_of_klios_own_transforms_is_klios(meter, clocks):
    call = Call(meter.transform("Decide", ours=True))

    meter.enter(call)
    clocks.pass_by(3, 2)
    meter.leave()
    meter.end(call)

    assert figures(meter) == {"Decide": ([0], (0, 0), (3, 2))}


def test_a_call_inside_another_takes_its_time_out_of_it(meter, clocks):
    outer, inner = Call(meter.transform("Outer")), Call(meter.transform("Inner"))

    meter.enter(outer)
    clocks.pass_by(1)
    meter.enter(inner)
    clocks.pass_by(10)
    meter.leave()
    clocks.pass_by(2)
    meter.leave()
    meter.end(inner)
    meter.end(outer)

    assert figures(meter) == {"Outer": ([3], (3, 0), (0, 0)), "Inner": ([10], (10, 0), (0, 0))}


def test_code_that_runs_outside_of_every_transform_is_nobodys(meter, clocks):
    meter.on()
    clocks.pass_by(5)
    meter.off()

    assert figures(meter) == {}


def test_who_looks_in_sees_the_call_that_is_at_work(meter):
    call = Call(meter.transform("Load"))

    meter.enter(call)
    during = meter.at_work
    meter.leave()

    assert (during, meter.at_work) == (call, None)

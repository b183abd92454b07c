"""The pool: what is kept, what is bounded, and what becomes of connections that fail."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from libs.http_client import ConnectionLostError, HttpClient, NotConnectedError, TimedOutError
from libs.http_client.connection import Connection
from libs.http_client.testing import OK, Call, answering, raw_server


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until `condition` holds."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.002)


async def test_one_connection_serves_requests_that_follow_each_other() -> None:
    async with (
        raw_server(answering(OK)) as server,
        HttpClient(server.url, timeout_seconds=5) as client,
    ):
        for _ in range(5):
            await client.request("GET", "/")
        assert server.connections == 1


async def test_the_connection_used_last_is_used_next() -> None:
    async with (
        raw_server(answering(OK)) as server,
        HttpClient(server.url, timeout_seconds=5) as client,
    ):
        await asyncio.gather(*(client.request("GET", "/") for _ in range(3)))
        assert server.connections == 3
        for _ in range(3):
            await client.request("GET", "/")
        assert len({call.connection for call in server.calls[-3:]}) == 1


async def test_requests_over_the_bound_wait_and_are_served_in_their_order() -> None:
    async with raw_server(answering(OK)) as server:
        for bound in (1, 3):
            async with HttpClient(server.url, timeout_seconds=5, max_connections=bound) as client:
                await asyncio.gather(*(client.request("GET", f"/{n}") for n in range(20)))
        assert server.connections == 4
    paths = [int(call.head.split()[1][1:]) for call in server.calls]
    assert list(range(20)) == paths[:20]
    assert list(range(20)) == sorted(paths[20:])


async def test_a_request_that_gets_no_connection_in_time_was_not_sent() -> None:
    async def never(call: Call) -> None:
        pass

    async with raw_server(never) as server:
        async with HttpClient(server.url, timeout_seconds=5, max_connections=1) as client:
            first = asyncio.create_task(client.request("GET", "/"))
            await until(lambda: len(server.calls) == 1)
            with pytest.raises(NotConnectedError, match="free in time") as caught:
                await client.request("GET", "/", timeout_seconds=0.05)
            assert not caught.value.sent
            first.cancel()
            await asyncio.wait({first})
        assert len(server.calls) == 1


@pytest.mark.parametrize("how", ["cancelled", "timed out"])
async def test_a_request_that_is_given_up_takes_its_connection_along(how: str) -> None:
    late = asyncio.Event()

    async def first_late(call: Call) -> None:
        if len(server.calls) == 1:
            await call.send(OK[:-1])
            await late.wait()
            await call.send(b"?")
        else:
            await call.send(OK)

    async with raw_server(first_late) as server:
        async with HttpClient(server.url, timeout_seconds=5, max_connections=1) as client:
            if how == "cancelled":
                task = asyncio.create_task(client.request("GET", "/"))
                await until(lambda: len(server.calls) == 1)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                with pytest.raises(TimedOutError):
                    await client.request("GET", "/", timeout_seconds=0.05)
            late.set()
            assert (await client.request("GET", "/")).body == b"ok"
        assert server.connections == 2


async def test_cancelled_requests_leave_nothing_taken() -> None:
    async def slowly(call: Call) -> None:
        await asyncio.sleep(0.003)
        await call.send(OK)

    async with raw_server(slowly) as server:
        async with HttpClient(server.url, timeout_seconds=5, max_connections=2) as client:
            for delay in range(12):
                tasks = [asyncio.create_task(client.request("GET", "/")) for _ in range(8)]
                await asyncio.sleep(delay / 1000)
                for task in tasks[::2]:
                    task.cancel()
                done = await asyncio.gather(*tasks, return_exceptions=True)
                assert all(not isinstance(result, BaseException) for result in done[1::2])
            # Both places can still be had at once.
            await asyncio.gather(*(client.request("GET", "/") for _ in range(2)))
        assert max(call.connection for call in server.calls) < server.connections


async def test_an_idle_connection_that_the_server_closed_is_not_used() -> None:
    async with raw_server(answering(OK)) as server:
        async with HttpClient(server.url, timeout_seconds=5, max_connections=1) as client:
            await client.request("GET", "/")
            server.close_connections()
            await asyncio.sleep(0.02)
            await client.request("GET", "/")
        assert server.connections == 2


async def test_a_connection_closed_at_the_next_request_is_replaced_if_that_is_safe() -> None:
    async def close_used(call: Call) -> None:
        if len(server.calls) in (2, 4):
            call.abort()
        else:
            await call.send(OK)

    async with (
        raw_server(close_used) as server,
        HttpClient(server.url, timeout_seconds=5, max_connections=1) as client,
    ):
        await client.request("GET", "/")
        assert (await client.request("GET", "/", repeatable=True)).body == b"ok"
        assert len(server.calls) == 3
        with pytest.raises(ConnectionLostError) as caught:
            await client.request("POST", "/")
        assert caught.value.sent
        assert len(server.calls) == 4
        await client.request("GET", "/")


async def test_a_request_that_was_answered_in_part_is_not_repeated() -> None:
    async def break_off(call: Call) -> None:
        if len(server.calls) == 1:
            await call.send(OK)
        else:
            await call.send(OK[:-1])
            call.close()

    async with raw_server(break_off) as server, HttpClient(server.url, timeout_seconds=5) as client:
        await client.request("GET", "/")
        with pytest.raises(ConnectionLostError, match="in the middle"):
            await client.request("GET", "/", repeatable=True)
        assert len(server.calls) == 2


async def test_a_connection_that_ends_while_it_is_handed_on_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with (
        raw_server(answering(OK)) as server,
        HttpClient(server.url, timeout_seconds=5, max_connections=1) as client,
    ):
        hand_on = client._hand_on

        def then_end(connection: Connection | None) -> None:
            hand_on(connection)
            if connection and len(server.calls) == 1:
                connection.abort()

        monkeypatch.setattr(client, "_hand_on", then_end)
        answers = await asyncio.gather(*(client.request("POST", "/") for _ in range(2)))
        assert [b"ok"] * 2 == [answer.body for answer in answers]
        assert [0, 1] == [call.connection for call in server.calls]


async def test_what_is_handed_to_a_request_that_is_cancelled_goes_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with (
        raw_server(answering(OK)) as server,
        HttpClient(server.url, timeout_seconds=1, max_connections=1) as client,
    ):
        hand_on = client._hand_on

        def then_cancel(connection: Connection | None) -> None:
            hand_on(connection)
            tasks[1].cancel()

        monkeypatch.setattr(client, "_hand_on", then_cancel)
        tasks = [asyncio.create_task(client.request("GET", f"/{n}")) for n in range(3)]
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results[1], asyncio.CancelledError)
        assert ["/0", "/2"] == [call.head.split()[1] for call in server.calls]
        await client.request("GET", "/3")


async def test_a_repeat_that_finds_no_server_says_that_the_request_may_have_been_seen() -> None:
    async def close_used(call: Call) -> None:
        if len(server.calls) == 1:
            await call.send(OK)
        else:
            server.stop_listening()
            call.abort()

    async with (
        raw_server(close_used) as server,
        HttpClient(server.url, timeout_seconds=5) as client,
    ):
        await client.request("GET", "/")
        with pytest.raises(ConnectionLostError) as caught:
            await client.request("GET", "/", repeatable=True)
        assert caught.value.sent
        assert len(server.calls) == 2


async def test_a_request_on_a_new_connection_is_never_sent_twice() -> None:
    async def close(call: Call) -> None:
        call.abort()

    async with raw_server(close) as server:
        async with HttpClient(server.url, timeout_seconds=5) as client:
            with pytest.raises(ConnectionLostError):
                await client.request("GET", "/", repeatable=True)
        assert len(server.calls) == 1


async def test_bytes_that_nobody_asked_for_are_never_a_response() -> None:
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
    async with raw_server(answering(OK)) as server:
        async with HttpClient(server.url, timeout_seconds=5) as client:
            await client.request("GET", "/")
            server.send_everywhere(forged)
            await asyncio.sleep(0.02)
            assert (await client.request("GET", "/")).body == b"ok"
        assert server.connections == 2


async def test_a_response_that_overtakes_its_request_ends_the_connection() -> None:
    async def refuse_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await asyncio.sleep(0.1)
        writer.close()

    listener = await asyncio.start_server(refuse_early, "127.0.0.1", 0, limit=1024)
    async with listener:
        url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        async with HttpClient(url, timeout_seconds=5) as client:
            for _ in range(2):
                response = await client.request("POST", "/", body=bytes(30_000_000))
                assert response.body == b"ok"


async def test_an_old_connection_is_not_used_again() -> None:
    async with raw_server(answering(OK)) as server:
        async with HttpClient(
            server.url, timeout_seconds=5, idle_seconds=0.02, max_connections=2
        ) as client:
            for _ in range(2):
                await asyncio.gather(*(client.request("GET", "/") for _ in range(2)))
                await asyncio.sleep(0.04)
        assert server.connections == 4


async def test_no_server_is_an_error_that_names_it_and_leaves_the_place_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with HttpClient(
        f"http://127.0.0.1:{port}", timeout_seconds=5, max_connections=1
    ) as client:
        for _ in range(3):
            with pytest.raises(NotConnectedError, match=f"127.0.0.1:{port}: Connection") as caught:
                await client.request("GET", "/")
            assert not caught.value.sent


async def test_a_server_that_takes_no_connection_is_given_up_in_time() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        async with HttpClient(
            f"http://127.0.0.1:{port}", timeout_seconds=5, connect_timeout_seconds=0.05
        ) as client:
            with pytest.raises(NotConnectedError, match="TimeoutError"):
                await client.request("GET", "/")
        for filler in fillers:
            filler.close()


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    async def never(call: Call) -> None:
        pass

    async with raw_server(never) as server, HttpClient(server.url, timeout_seconds=5) as client:
        with pytest.raises(TimedOutError) as caught:
            await client.request("GET", "/", timeout_seconds=0.05)
        assert caught.value.sent


async def test_a_connection_that_is_made_while_the_client_closes_is_not_left_open() -> None:
    async with raw_server(answering(OK)) as server:
        async with HttpClient(server.url, timeout_seconds=5) as client:
            task = asyncio.create_task(client.request("GET", "/"))
            await asyncio.sleep(0)
        with pytest.raises(NotConnectedError, match="closed"):
            await task
        assert server.calls == []


async def test_closing_the_client_ends_what_is_under_way() -> None:
    async def never(call: Call) -> None:
        pass

    async with raw_server(never) as server:
        async with HttpClient(server.url, timeout_seconds=5, max_connections=1) as client:
            tasks = [asyncio.create_task(client.request("GET", "/")) for _ in range(2)]
            await until(lambda: len(server.calls) == 1)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [ConnectionLostError, NotConnectedError] == [type(result) for result in results]
        with pytest.raises(NotConnectedError, match="closed"):
            await client.request("GET", "/")

"""Opaque page cursors: where a page ended, as text that a client hands back unchanged."""

from libs.cursors.cursors import BadCursorError, decode_cursor, encode_cursor

__all__ = ["BadCursorError", "decode_cursor", "encode_cursor"]

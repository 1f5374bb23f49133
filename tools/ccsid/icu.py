"""ICU's converters through ctypes: one page, strictly, both ways.

Needs libicuuc (Debian: libicu72 or later; libicu-dev pulls it in). Nothing is substituted:
a byte or a character that the page does not have gives None.
"""

import ctypes
import ctypes.util
import re


def _library():
    path = ctypes.util.find_library("icuuc")
    if not path:
        raise SystemExit("libicuuc is not installed (apt-get install libicu-dev)")
    # ICU appends its major version to every symbol.
    return ctypes.CDLL(path), re.search(r"\.so\.(\d+)", path)[1]


_LIB, VERSION = _library()
_ERR = ctypes.POINTER(ctypes.c_int)


def _symbol(name, result, *arguments):
    function = getattr(_LIB, f"{name}_{VERSION}")
    function.restype, function.argtypes = result, arguments
    return function


_P, _I, _S = ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p
_open = _symbol("ucnv_open", _P, _S, _ERR)
_name = _symbol("ucnv_getName", _S, _P, _ERR)
_to = _symbol("ucnv_toUChars", _I, _P, _P, _I, _S, _I, _ERR)
_from = _symbol("ucnv_fromUChars", _I, _P, _P, _I, _S, _I, _ERR)
_on_bytes = _symbol("ucnv_setToUCallBack", None, _P, _P, _P, _P, _P, _ERR)
_on_chars = _symbol("ucnv_setFromUCallBack", None, _P, _P, _P, _P, _P, _ERR)
_fallback = _symbol("ucnv_setFallback", None, _P, ctypes.c_int8)
_STOP_BYTES = ctypes.cast(getattr(_LIB, f"UCNV_TO_U_CALLBACK_STOP_{VERSION}"), _P)
_STOP_CHARS = ctypes.cast(getattr(_LIB, f"UCNV_FROM_U_CALLBACK_STOP_{VERSION}"), _P)


class Icu:
    """A converter that refuses instead of substituting."""

    def __init__(self, name):
        error = ctypes.c_int(0)
        self._converter = _open(name.encode(), ctypes.byref(error))
        if error.value > 0:
            raise LookupError(name)
        self.name = _name(self._converter, ctypes.byref(error)).decode()
        _on_bytes(self._converter, _STOP_BYTES, None, None, None, ctypes.byref(error))
        _on_chars(self._converter, _STOP_CHARS, None, None, None, ctypes.byref(error))
        _fallback(self._converter, 0)
        self._buffer = ctypes.create_string_buffer(64)

    def decode(self, data):
        error = ctypes.c_int(0)
        units = _to(self._converter, self._buffer, 30, data, len(data), ctypes.byref(error))
        if error.value > 0:
            return None
        return self._buffer.raw[: 2 * units].decode("utf-16-le") or None

    def encode(self, text):
        error = ctypes.c_int(0)
        data = text.encode("utf-16-le")
        size = _from(self._converter, self._buffer, 60, data, len(data) // 2, ctypes.byref(error))
        return None if error.value > 0 else self._buffer.raw[:size]

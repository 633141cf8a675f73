"""Made by tools/generate.py from include/periodic.h; not to be edited."""

from __future__ import annotations

import ctypes


class periodic_limit(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("value", ctypes.c_uint64),
    ]


assert ctypes.sizeof(periodic_limit) == 16


class periodic_allocator(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("allocate", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("user", ctypes.c_void_p),
    ]


assert ctypes.sizeof(periodic_allocator) == 32


class periodic_time(ctypes.Structure):
    _fields_ = [
        ("monotonic_ms", ctypes.c_int64),
        ("wall_ms", ctypes.c_int64),
    ]


assert ctypes.sizeof(periodic_time) == 16

periodic_clock_cb = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(periodic_time))

periodic_destroy_cb = ctypes.CFUNCTYPE(None, ctypes.c_void_p)

periodic_random_cb = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)

periodic_log_cb = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)


class periodic_server_options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("store", ctypes.c_char_p),
        ("auth_file", ctypes.c_char_p),
        ("hook", ctypes.c_char_p),
        ("socket_mode", ctypes.c_uint32),
        ("registration_timeout_ms", ctypes.c_uint32),
        ("log", periodic_log_cb),
        ("log_user", ctypes.c_void_p),
        ("log_destroy", periodic_destroy_cb),
        ("sync", ctypes.c_char_p),
        ("max_jobs", ctypes.c_uint64),
        ("max_bytes", ctypes.c_uint64),
        ("max_function_jobs", ctypes.c_uint64),
        ("max_function_bytes", ctypes.c_uint64),
        ("cache_bytes", ctypes.c_uint64),
        ("reserve_bytes", ctypes.c_int64),
        ("socket_owner", ctypes.c_char_p),
        ("idle_timeout_s", ctypes.c_uint32),
        ("clients_administer", ctypes.c_int32),
        ("hook_queue", ctypes.c_uint32),
        ("hook_drop_log_every", ctypes.c_uint32),
    ]


assert ctypes.sizeof(periodic_server_options) == 144


class periodic_job_info(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("function", ctypes.c_void_p),
        ("function_length", ctypes.c_size_t),
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_size_t),
        ("workload", ctypes.c_void_p),
        ("workload_length", ctypes.c_size_t),
        ("due_ms", ctypes.c_int64),
        ("state", ctypes.c_int),
        ("count", ctypes.c_int32),
        ("timeout_s", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
    ]


assert ctypes.sizeof(periodic_job_info) == 80


class periodic_connection_options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("identity", ctypes.c_void_p),
        ("identity_length", ctypes.c_size_t),
        ("token", ctypes.c_void_p),
        ("token_length", ctypes.c_size_t),
        ("data_bytes", ctypes.c_uint64),
    ]


assert ctypes.sizeof(periodic_connection_options) == 48


class periodic_job_fields(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("function", ctypes.c_void_p),
        ("function_length", ctypes.c_size_t),
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_size_t),
        ("workload", ctypes.c_void_p),
        ("workload_length", ctypes.c_size_t),
        ("run_at_s", ctypes.c_int64),
        ("timeout_s", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
    ]


assert ctypes.sizeof(periodic_job_fields) == 72

periodic_request_cb = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)


class periodic_report(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        ("job", ctypes.c_void_p),
        ("kind", ctypes.c_int),
        ("step", ctypes.c_int32),
        ("delay_s", ctypes.c_int64),
        ("data", ctypes.c_void_p),
        ("data_length", ctypes.c_size_t),
    ]


assert ctypes.sizeof(periodic_report) == 48


# name: (result, arguments)
FUNCTIONS = {
    "periodic_version": (ctypes.c_char_p, []),
    "periodic_version_number": (ctypes.c_int, []),
    "periodic_limits": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_size_t]),
    "periodic_set_allocator": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_features": (ctypes.c_char_p, []),
    "periodic_strerror": (ctypes.c_char_p, [ctypes.c_int]),
    "periodic_errname": (ctypes.c_char_p, [ctypes.c_int]),
    "periodic_loop_new": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_loop_free": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_loop_adopt": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_loop_fd": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_loop_timeout_ms": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_loop_step": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    "periodic_loop_run": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_loop_stop": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_loop_wake": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_loop_now": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p]),
    "periodic_loop_set_clock": (ctypes.c_int, [
        ctypes.c_void_p,
        periodic_clock_cb,
        ctypes.c_void_p,
        periodic_destroy_cb,
    ]),
    "periodic_loop_set_virtual_clock": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p]),
    "periodic_loop_advance": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int64]),
    "periodic_loop_set_random": (ctypes.c_int, [
        ctypes.c_void_p,
        periodic_random_cb,
        ctypes.c_void_p,
        periodic_destroy_cb,
    ]),
    "periodic_loop_error": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    "periodic_server_new": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "periodic_server_listen": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_char_p,
        ctypes.c_size_t,
    ]),
    "periodic_server_is_ready": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_server_jobs": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
    ]),
    "periodic_cursor_next": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]),
    "periodic_cursor_free": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_server_stop": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    "periodic_server_free": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_client_new": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]),
    "periodic_client_free": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_client_submit": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]),
    "periodic_client_submit_many": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_ping": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    "periodic_client_remove": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
    ]),
    "periodic_client_drop": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
    ]),
    "periodic_client_status": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_run": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_get_setting": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_set_setting": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_uint32,
        ctypes.c_int,
    ]),
    "periodic_client_dump": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_load": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
    ]),
    "periodic_client_shutdown": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    "periodic_client_start_submit": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_start_submit_many": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_start_run": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_start_receive_data": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int32,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_start_ping": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]),
    "periodic_client_start_remove": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_start_drop": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_start_status": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_start_get_setting": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_start_set_setting": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_uint32,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_start_dump": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]),
    "periodic_client_start_load": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_client_start_shutdown": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_server_start_stop": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]),
    "periodic_worker_start_drain": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]),
    "periodic_job_start_acquire": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_request_next": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int,
    ]),
    "periodic_request_set_callback": (ctypes.c_int, [
        ctypes.c_void_p,
        periodic_request_cb,
        ctypes.c_void_p,
        periodic_destroy_cb,
    ]),
    "periodic_request_setting": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p]),
    "periodic_request_results": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]),
    "periodic_request_free": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_worker_new": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]),
    "periodic_worker_free": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_worker_can_do": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
    ]),
    "periodic_worker_broadcast": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
    ]),
    "periodic_worker_cannot_do": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
    ]),
    "periodic_worker_next": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]),
    "periodic_worker_next_many": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
    ]),
    "periodic_worker_show_many": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
    ]),
    "periodic_worker_done_many": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
    ]),
    "periodic_worker_report_many": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
    ]),
    "periodic_worker_drain": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int]),
    "periodic_job_function": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_void_p]),
    "periodic_job_name": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_void_p]),
    "periodic_job_workload": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_void_p]),
    "periodic_job_count": (ctypes.c_int32, [ctypes.c_void_p]),
    "periodic_job_timeout_s": (ctypes.c_int32, [ctypes.c_void_p]),
    "periodic_job_is_held": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_job_data": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "periodic_job_acquire": (ctypes.c_int, [
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_int,
    ]),
    "periodic_job_release": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "periodic_job_done": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]),
    "periodic_job_fail": (ctypes.c_int, [ctypes.c_void_p]),
    "periodic_job_later": (ctypes.c_int, [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int]),
    "periodic_job_free": (ctypes.c_int, [ctypes.c_void_p]),
}

"""What the user owns, validated."""

from ._build import read_table
from ._groups import group_texts
from ._inputs import BadCell, CheckedColumns, check_columns, clean_inputs
from ._property import Kind, Property, Transform, output_slices
from ._read import Source, read_frame
from ._requests import InputRequest, Role, TargetRequest, parse_input, parse_target
from ._rows import rows_error, source_name
from ._table import InputSpec, Table

__all__ = [
    "BadCell",
    "CheckedColumns",
    "InputRequest",
    "InputSpec",
    "Kind",
    "Property",
    "Role",
    "Source",
    "Table",
    "TargetRequest",
    "Transform",
    "check_columns",
    "clean_inputs",
    "group_texts",
    "output_slices",
    "parse_input",
    "parse_target",
    "read_frame",
    "read_table",
    "rows_error",
    "source_name",
]

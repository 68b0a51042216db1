"""Compilations of measured molecular constants, and which of them count for a property, best first."""

from __future__ import annotations

from ._molecules_sources import Source, column, compressibility, fitted

__all__ = [
    "BOILING",
    "COMMON",
    "CP_GAS",
    "CP_LIQUID",
    "CRC",
    "CRC_HVAP",
    "CRC_ORGANIC",
    "HEOS",
    "HF_GAS",
    "HF_LIQUID",
    "HVAP",
    "IEC",
    "JANAF",
    "LOGP",
    "MELTING",
    "NFPA",
    "ROOM",
    "WEBBOOK",
    "WIKIDATA",
    "ZC",
    "critical",
    "hansen",
    "octane",
    "safety",
]

ROOM = 298.15
"""Kelvin."""
ATCT_GAS = "Reactions/ATcT 1.112 (g).tsv"
ATCT_LIQUID = "Reactions/ATcT 1.112 (l).tsv"
CRC = "Heat Capacity/CRC Standard Thermodynamic Properties of Chemical Substances.tsv"
CRC_CRITICAL = "Critical Properties/CRCCriticalOrganics.tsv"
CRC_HVAP = "Phase Change/CRC Handbook Heat of Vaporization.tsv"
CRC_INORGANIC = "Misc/Physical Constants of Inorganic Compounds.csv"
CRC_ORGANIC = "Misc/Physical Constants of Organic Compounds.csv"
COMMON = "Misc/common_chemistry_data.tsv"
HEOS = "Misc/heos_constants.tsv"
IEC = "Safety/IS IEC 60079-20-1 2010.tsv"
IUPAC = "Critical Properties/IUPACOrganicCriticalProps.tsv"
JANAF = "Reactions/JANAF_1998.tsv"
MATTHEWS = "Critical Properties/Mathews1972InorganicCriticalProps.tsv"
NFPA = "Safety/NFPA 497 2008.tsv"
PASSUT = "Critical Properties/PassutDanner1973.tsv"
POLING = "Heat Capacity/PolingDatabank.tsv"
TRC = "Heat Capacity/TRC Thermodynamics of Organic Compounds in the Gas State.tsv"
WEBBOOK = "Misc/webbook_constants.tsv"
WIKIDATA = "Misc/wikidata_properties.tsv"


def hansen(part: str) -> tuple[Source, ...]:
    """Hansen's parameter D, P or H."""
    authors = {"HSPiPy": "hspipy", "Schrier": "schrier", "Ruben": "ruben_manuel", "Alshehri": "alshehri"}
    return tuple(
        column(name, f"Misc/{stem}_hansen_solubility_parameters.tsv", f"HANSEN_DELTA_{part}")
        for name, stem in authors.items()
    )


def critical(header: str) -> tuple[Source, ...]:
    """Tc, Pc or Vc."""
    chosen = {"HEOS": HEOS, "IUPAC": IUPAC, "Matthews": MATTHEWS, "CRC": CRC_CRITICAL}
    if header != "Vc":
        chosen["Passut"] = PASSUT
    return tuple(column(name, file, header) for name, file in (chosen | {"WebBook": WEBBOOK}).items())


def safety(header: str) -> tuple[Source, ...]:
    """T_autoignition, LFL or UFL."""
    return (
        column("IEC", IEC, header),
        column("NFPA", NFPA, header),
        column("Wikidata", WIKIDATA, header),
    )


def octane(header: str) -> tuple[Source, ...]:
    """RON, MON or CETANE."""
    return (
        column("Florian", f"Misc/Florian_Liming_{header}_experimental.tsv", header),
        column("CombustDB", f"Misc/Travis_Kessler_Combustdb_{header}.tsv", header),
    )


MELTING = (
    column("Open Notebook", "Phase Change/OpenNotebook Melting Points.tsv", "Tm"),
    column("CRC organic", CRC_ORGANIC, "Tm"),
    column("CRC inorganic", CRC_INORGANIC, "Tm"),
    column("WebBook", WEBBOOK, "Tm"),
    column("Common Chemistry", COMMON, "Tm"),
    column("Wikidata", WIKIDATA, "Tm"),
)
BOILING = (
    column("HEOS", HEOS, "Tb"),
    column("CRC organic", CRC_ORGANIC, "Tb"),
    column("CRC inorganic", CRC_INORGANIC, "Tb"),
    column("WebBook", WEBBOOK, "Tb"),
    column("Common Chemistry", COMMON, "Tb"),
    column("Wikidata", WIKIDATA, "Tb"),
)
LOGP = (
    column("Syrres", "Environment/Syrres logP data.csv.gz", "logP"),
    column("CRC", "Environment/CRC logP table.tsv", "logP"),
    column("Wikidata", WIKIDATA, "logP"),
)
HF_GAS = (
    column("ATcT", ATCT_GAS, "Hfg"),
    column("CRC", CRC, "Hfg"),
    column("API TDB", "Reactions/API TDB Albahri Hf (g).tsv", "Hfg"),
    column("WebBook", WEBBOOK, "Hfg"),
    column("TRC", TRC, "Hfg"),
    column("JANAF", JANAF, "Hfg"),
)
HF_LIQUID = (
    column("CRC", CRC, "Hfl"),
    column("WebBook", WEBBOOK, "Hfl"),
    column("JANAF", JANAF, "Hfl"),
    column("ATcT", ATCT_LIQUID, "Hfl"),
)
HVAP = (
    column("Gharagheizi", "Phase Change/Ghazerati Appendix Vaporization Enthalpy.tsv", "Hvap298"),
    column("CRC", CRC_HVAP, "Hvap298"),
    column("WebBook", WEBBOOK, "Hvap"),
    *fitted("vaporisation_enthalpy", ROOM),
)
CP_GAS = (
    column("CRC", CRC, "Cpg"),
    column("JANAF", JANAF, "Cpg"),
    column("Poling", POLING, "Cpg"),
    *fitted("cp_gas", ROOM),
)
CP_LIQUID = (
    column("CRC", CRC, "Cpl"),
    column("JANAF", JANAF, "Cpl"),
    column("Poling", POLING, "Cpl"),
    *fitted("cp_liquid", ROOM),
)
ZC = (
    compressibility("HEOS", HEOS),
    column("IUPAC", IUPAC, "Zc"),
    column("Matthews", MATTHEWS, "Zc"),
    compressibility("CRC", CRC_CRITICAL),
)

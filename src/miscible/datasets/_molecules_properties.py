"""The forty properties of molecules: columns, units, and sources of measured values, best first."""

from __future__ import annotations

from ._molecules_sources import (
    MoleculeProperty,
    Source,
    boiling_at,
    column,
    compressibility,
    fitted,
    henry,
    permittivity,
)

__all__ = ["FORTY", "ROOM"]

ROOM = 298.15
"""Kelvin."""
_ATCT_GAS = "Reactions/ATcT 1.112 (g).tsv"
_ATCT_LIQUID = "Reactions/ATcT 1.112 (l).tsv"
_CRC = "Heat Capacity/CRC Standard Thermodynamic Properties of Chemical Substances.tsv"
_CRC_CRITICAL = "Critical Properties/CRCCriticalOrganics.tsv"
_CRC_HVAP = "Phase Change/CRC Handbook Heat of Vaporization.tsv"
_CRC_INORGANIC = "Misc/Physical Constants of Inorganic Compounds.csv"
_CRC_ORGANIC = "Misc/Physical Constants of Organic Compounds.csv"
_COMMON = "Misc/common_chemistry_data.tsv"
_HEOS = "Misc/heos_constants.tsv"
_IEC = "Safety/IS IEC 60079-20-1 2010.tsv"
_IUPAC = "Critical Properties/IUPACOrganicCriticalProps.tsv"
_JANAF = "Reactions/JANAF_1998.tsv"
_MATTHEWS = "Critical Properties/Mathews1972InorganicCriticalProps.tsv"
_NFPA = "Safety/NFPA 497 2008.tsv"
_PASSUT = "Critical Properties/PassutDanner1973.tsv"
_POLING = "Heat Capacity/PolingDatabank.tsv"
_TRC = "Heat Capacity/TRC Thermodynamics of Organic Compounds in the Gas State.tsv"
_WEBBOOK = "Misc/webbook_constants.tsv"
_WIKIDATA = "Misc/wikidata_properties.tsv"


def _hansen(part: str) -> tuple[Source, ...]:
    authors = {"HSPiPy": "hspipy", "Schrier": "schrier", "Ruben": "ruben_manuel", "Alshehri": "alshehri"}
    return tuple(
        column(name, f"Misc/{stem}_hansen_solubility_parameters.tsv", f"HANSEN_DELTA_{part}")
        for name, stem in authors.items()
    )


def _critical(header: str) -> tuple[Source, ...]:
    chosen = {"HEOS": _HEOS, "IUPAC": _IUPAC, "Matthews": _MATTHEWS, "CRC": _CRC_CRITICAL}
    if header != "Vc":
        chosen["Passut"] = _PASSUT
    return tuple(column(name, file, header) for name, file in (chosen | {"WebBook": _WEBBOOK}).items())


def _safety(header: str) -> tuple[Source, ...]:
    return (
        column("IEC", _IEC, header),
        column("NFPA", _NFPA, header),
        column("Wikidata", _WIKIDATA, header),
    )


def _octane(header: str) -> tuple[Source, ...]:
    return (
        column("Florian", f"Misc/Florian_Liming_{header}_experimental.tsv", header),
        column("CombustDB", f"Misc/Travis_Kessler_Combustdb_{header}.tsv", header),
    )


_MELTING = (
    column("Open Notebook", "Phase Change/OpenNotebook Melting Points.tsv", "Tm"),
    column("CRC organic", _CRC_ORGANIC, "Tm"),
    column("CRC inorganic", _CRC_INORGANIC, "Tm"),
    column("WebBook", _WEBBOOK, "Tm"),
    column("Common Chemistry", _COMMON, "Tm"),
    column("Wikidata", _WIKIDATA, "Tm"),
)
_BOILING = (
    column("HEOS", _HEOS, "Tb"),
    column("CRC organic", _CRC_ORGANIC, "Tb"),
    column("CRC inorganic", _CRC_INORGANIC, "Tb"),
    column("WebBook", _WEBBOOK, "Tb"),
    column("Common Chemistry", _COMMON, "Tb"),
    column("Wikidata", _WIKIDATA, "Tb"),
)
_LOGP = (
    column("Syrres", "Environment/Syrres logP data.csv.gz", "logP"),
    column("CRC", "Environment/CRC logP table.tsv", "logP"),
    column("Wikidata", _WIKIDATA, "logP"),
)
_HF_GAS = (
    column("ATcT", _ATCT_GAS, "Hfg"),
    column("CRC", _CRC, "Hfg"),
    column("API TDB", "Reactions/API TDB Albahri Hf (g).tsv", "Hfg"),
    column("WebBook", _WEBBOOK, "Hfg"),
    column("TRC", _TRC, "Hfg"),
    column("JANAF", _JANAF, "Hfg"),
)
_HF_LIQUID = (
    column("CRC", _CRC, "Hfl"),
    column("WebBook", _WEBBOOK, "Hfl"),
    column("JANAF", _JANAF, "Hfl"),
    column("ATcT", _ATCT_LIQUID, "Hfl"),
)
_HVAP = (
    column("Gharagheizi", "Phase Change/Ghazerati Appendix Vaporization Enthalpy.tsv", "Hvap298"),
    column("CRC", _CRC_HVAP, "Hvap298"),
    column("WebBook", _WEBBOOK, "Hvap"),
    *fitted("vaporisation_enthalpy", ROOM),
)
_CP_GAS = (
    column("CRC", _CRC, "Cpg"),
    column("JANAF", _JANAF, "Cpg"),
    column("Poling", _POLING, "Cpg"),
    *fitted("cp_gas", ROOM),
)
_CP_LIQUID = (
    column("CRC", _CRC, "Cpl"),
    column("JANAF", _JANAF, "Cpl"),
    column("Poling", _POLING, "Cpl"),
    *fitted("cp_liquid", ROOM),
)
_ZC = (
    compressibility("HEOS", _HEOS),
    column("IUPAC", _IUPAC, "Zc"),
    column("Matthews", _MATTHEWS, "Zc"),
    compressibility("CRC", _CRC_CRITICAL),
)

_P = MoleculeProperty
_LOG = "log10"
FORTY = (
    _P("melting_point", "K", "melting point", "melting", _MELTING),
    _P("boiling_point", "K", "normal boiling point", "boiling", _BOILING),
    _P("density", "kg/m3", "density near room temperature", "density", (column("CRC", _CRC_ORGANIC, "rho"),)),
    _P("logp", "", "log10 of the partition coefficient between octanol and water", "partition", _LOGP),
    _P(
        "refractive_index",
        "",
        "refractive index, sodium D line",
        "refraction",
        (column("CRC", "Misc/CRC Handbook Organic RI.csv", "RI"), column("Wikidata", _WIKIDATA, "RI")),
    ),
    _P("ln_henry", "ln Pa", "ln of Henry's constant in water at 298 K", "henry", (henry(slope=False),)),
    _P(
        "formation_enthalpy_gas",
        "kJ/mol",
        "enthalpy of formation of the gas",
        "formation",
        _HF_GAS,
        scale=1e-3,
    ),
    _P(
        "vaporisation_enthalpy",
        "kJ/mol",
        "enthalpy of vaporisation at 298 K",
        "vaporisation",
        _HVAP,
        scale=1e-3,
    ),
    _P(
        "boiling_point_10kpa",
        "K",
        "temperature at which the vapour pressure is 10 kPa",
        "volatility",
        boiling_at(1e4),
    ),
    _P(
        "molar_volume_solid",
        "cm3/mol",
        "molar volume of the solid",
        "volume",
        (column("Common Chemistry", _COMMON, "Vms"),),
        _LOG,
        1e6,
    ),
    _P(
        "formation_enthalpy_liquid",
        "kJ/mol",
        "enthalpy of formation of the liquid",
        "formation",
        _HF_LIQUID,
        scale=1e-3,
    ),
    _P(
        "formation_enthalpy_solid",
        "kJ/mol",
        "enthalpy of formation of the solid",
        "formation",
        (column("CRC", _CRC, "Hfs"), column("WebBook", _WEBBOOK, "Hfs")),
        scale=1e-3,
    ),
    _P("cp_gas", "J/mol/K", "heat capacity of the ideal gas at 298 K", "heat capacity gas", _CP_GAS),
    _P(
        "sublimation_enthalpy",
        "kJ/mol",
        "enthalpy of sublimation",
        "sublimation",
        (
            column("Gharagheizi", "Phase Change/Ghazerati Appendix Sublimation Enthalpy.tsv", "Hsub"),
            column("WebBook", _WEBBOOK, "Hsub"),
        ),
        scale=1e-3,
    ),
    _P(
        "surface_tension",
        "mN/m",
        "surface tension at 298 K",
        "surface tension",
        fitted("surface_tension", ROOM),
        scale=1e3,
    ),
    _P(
        "vapour_pressure",
        "Pa",
        "vapour pressure of the liquid at 298 K",
        "volatility",
        fitted("vapour_pressure", ROOM),
        _LOG,
    ),
    _P("hansen_d", "MPa^0.5", "Hansen parameter, dispersion", "hansen", _hansen("D"), scale=1e-3),
    _P("hansen_p", "MPa^0.5", "Hansen parameter, polar", "hansen", _hansen("P"), scale=1e-3),
    _P("hansen_h", "MPa^0.5", "Hansen parameter, hydrogen bonds", "hansen", _hansen("H"), scale=1e-3),
    _P(
        "flash_point",
        "K",
        "flash point",
        "flash",
        (
            column("IEC", _IEC, "T_flash"),
            column("NFPA", _NFPA, "T_flash"),
            column("Serat", "Safety/DIPPR T_flash Serat.csv", "T_flash"),
            column("Wikidata", _WIKIDATA, "T_flash"),
        ),
    ),
    _P("critical_temperature", "K", "critical temperature", "critical", _critical("Tc")),
    _P("critical_pressure", "Pa", "critical pressure", "critical", _critical("Pc"), _LOG),
    _P("critical_volume", "cm3/mol", "critical molar volume", "critical", _critical("Vc"), scale=1e6),
    _P(
        "permittivity",
        "",
        "relative permittivity of the liquid near room temperature",
        "permittivity",
        (Source("CRC", permittivity),),
        _LOG,
    ),
    _P("critical_compressibility", "", "Pc Vc / (R Tc)", "critical", _ZC),
    _P(
        "triple_point",
        "K",
        "temperature of the triple point",
        "melting",
        (
            column("HEOS", _HEOS, "Tt"),
            column("Staveley", "Triple Properties/Staveley 1981.tsv", "Tt"),
            column("WebBook", _WEBBOOK, "Tt"),
        ),
    ),
    _P(
        "cp_liquid",
        "J/mol/K",
        "heat capacity of the liquid at 298 K",
        "heat capacity liquid",
        _CP_LIQUID,
        _LOG,
    ),
    _P("henry_slope", "K", "slope of ln Henry's constant over 1/T", "henry", (henry(slope=True),)),
    _P(
        "conductivity_liquid",
        "W/m/K",
        "thermal conductivity of the liquid at 298 K",
        "conductivity liquid",
        fitted("conductivity_liquid", ROOM),
    ),
    _P(
        "viscosity_liquid",
        "Pa.s",
        "viscosity of the liquid at 298 K",
        "viscosity liquid",
        fitted("viscosity_liquid", ROOM),
        _LOG,
    ),
    _P(
        "dipole_moment",
        "D",
        "dipole moment",
        "dipole",
        (
            column("CCCBDB", "Misc/cccbdb.nist.gov Dipoles.csv", "dipole_moment"),
            column("Muller", "Misc/Muller Supporting Info Dipoles.csv", "dipole_moment"),
            column("Poling", "Misc/Poling Dipole.csv", "dipole_moment"),
        ),
    ),
    _P(
        "fusion_enthalpy",
        "J/mol",
        "enthalpy of fusion",
        "fusion",
        (
            column("CRC", "Phase Change/CRC Handbook Heat of Fusion.tsv", "Hfus"),
            column("WebBook", _WEBBOOK, "Hfus"),
            column("Wikidata", _WIKIDATA, "Hfus"),
        ),
        _LOG,
    ),
    _P(
        "vaporisation_enthalpy_boiling",
        "kJ/mol",
        "enthalpy of vaporisation at the boiling point",
        "vaporisation",
        (column("CRC", _CRC_HVAP, "HvapTb"),),
        scale=1e-3,
    ),
    _P(
        "entropy_liquid",
        "J/mol/K",
        "standard entropy of the liquid",
        "entropy",
        (column("CRC", _CRC, "S0l"), column("WebBook", _WEBBOOK, "S0l"), column("JANAF", _JANAF, "S0l")),
    ),
    _P(
        "viscosity_gas_400k",
        "uPa.s",
        "viscosity of the gas at 400 K",
        "viscosity gas",
        fitted("viscosity_gas", 400.0),
        scale=1e6,
    ),
    _P("autoignition", "K", "autoignition temperature", "autoignition", _safety("T_autoignition")),
    _P(
        "lower_flammability",
        "",
        "lower flammability limit, mole fraction in air",
        "flammability",
        _safety("LFL"),
        _LOG,
    ),
    _P("research_octane", "", "research octane number", "octane", _octane("RON")),
    _P("cetane", "", "cetane number", "cetane", _octane("CETANE")),
    _P(
        "warming_potential",
        "",
        "global warming potential over 100 years, carbon dioxide = 1",
        "warming",
        (column("IPCC 2021", "Environment/Official Global Warming Potentials 2021.tsv", "100yr GWP"),),
        _LOG,
    ),
)

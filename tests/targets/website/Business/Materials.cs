// The leaking data: three shapes of one DTO, as a schedule ("agenda") site holds its study materials.
// An item of each shape owns strings of its own (Url, Naam); shape and contents follow from its number alone.
using System;
using System.Collections.Generic;

namespace Scoodle.Business.Queries;

public enum Soort : byte { Onbekend, Eigen, Les, Folio }

/// <summary>A struct with and without a reference in it: arrays of it need a repeating pointer map.</summary>
public struct Coord
{
    public double X, Y;
    public string? Label;
}

public interface IMateriaalDto
{
    int Id { get; }
    string Naam { get; }
    string Url { get; }
}

public abstract class MateriaalDto : IMateriaalDto
{
    public int Id { get; set; }
    public string Naam { get; set; } = "";
    public string Url { get; set; } = "";
    public Soort Soort { get; set; }
}

/// <summary>A file that somebody uploaded; one in five own materials has one.</summary>
public sealed class Bestand
{
    public string Pad = "";
    public long Grootte;
    public DateTime Gewijzigd;
}

public sealed class OwnMaterialDto : MateriaalDto
{
    public string Miniatuur = "";
    public Guid Sleutel;
    public DateTime Gemaakt;
    public decimal? Prijs;
    public int? Jaar;
    public Bestand? Bestand;
    public Coord[]? Punten;
}

public sealed class LesMateriaalDto : MateriaalDto
{
    public List<Coord> Punten = new();
    public string[] Trefwoorden = Array.Empty<string>();
    public TimeSpan Duur;
}

/// <summary>A page of a folio: the pages of one folio are a chain.</summary>
public sealed class Pagina
{
    public Pagina? Volgende;
    public int Nummer;
}

public sealed class FolioDto : MateriaalDto
{
    public Pagina? Eerste;
    public object? Paginas;
}

public static class Materials
{
    static readonly string[] Keywords = { "rekenen", "taal", "wereldorientatie", "muziek", "beweging" };
    static readonly DateTime Epoch = new(2016, 9, 1, 8, 30, 0, DateTimeKind.Utc);

    /// <summary>Item number i: half of the items own, a quarter lessons, a quarter folios; 5.5 objects an item.</summary>
    public static IMateriaalDto Make(int i) => (i & 3) switch
    {
        1 => MakeLes(i),
        3 => MakeFolio(i),
        _ => MakeOwn(i),
    };

    static void Fill(MateriaalDto item, int i, Soort soort)
    {
        item.Id = i;
        item.Soort = soort;
        item.Naam = $"oefening {i} week {i % 53}";
        item.Url = $"https://www.scoodle.example/leermiddelen/{soort}/materiaal-{i:D12}.html".ToLowerInvariant();
    }

    static OwnMaterialDto MakeOwn(int i)
    {
        var item = new OwnMaterialDto();
        Fill(item, i, Soort.Eigen);
        item.Miniatuur = $"/t/{i:x}.png";
        item.Sleutel = new Guid(i, 7, 11, 1, 2, 3, 4, 5, 6, 7, 8);
        item.Gemaakt = Epoch.AddMinutes(i);
        item.Prijs = i % 3 == 0 ? i / 100m : null;
        item.Jaar = i % 2 == 0 ? 2000 + i % 20 : null;
        item.Bestand = i % 5 == 0 ? new Bestand { Pad = $"/uploads/{i % 64:x2}/{i}.pdf", Grootte = i * 1024L, Gewijzigd = Epoch } : null;
        item.Punten = i % 4 == 0 ? MakePoints(i, 1) : null;
        return item;
    }

    static LesMateriaalDto MakeLes(int i)
    {
        var item = new LesMateriaalDto();
        Fill(item, i, Soort.Les);
        item.Punten.AddRange(MakePoints(i, 2));
        item.Trefwoorden = new[] { Keywords[i % 5], Keywords[(i / 5) % 5] };
        item.Duur = TimeSpan.FromMinutes(i % 90);
        return item;
    }

    static FolioDto MakeFolio(int i)
    {
        var item = new FolioDto();
        Fill(item, i, Soort.Folio);
        item.Eerste = new Pagina { Nummer = 1, Volgende = new Pagina { Nummer = 2 } };
        item.Paginas = 2 + i % 2;
        return item;
    }

    static Coord[] MakePoints(int i, int count)
    {
        var points = new Coord[count];
        for (int k = 0; k < count; k++)
            points[k] = new Coord { X = i, Y = k, Label = k == 0 ? Keywords[i % 5] : null };
        return points;
    }
}
